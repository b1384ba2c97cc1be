"""Photos people show for a case: checked, encoded anew, sealed; only with the person's consent."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, desc, select
from sqlalchemy.orm import Session

from hrss import pictures
from hrss.errors import ConsentNeeded, PhotoMissing, PhotoTooMany, PhotoUnknown
from hrss.hall import Hall
from hrss.tables import Consent, Conversation, Photo, RefundEvidence

CONSENT = "photo"  # the kind of consent to record before
AT_MOST = 6  # that belong to no case yet, a conversation
LOOSE = Photo.case_number.is_(None) & Photo.id.not_in(select(RefundEvidence.photo_id))


def keep(session: Session, hall: Hall, conversation_id: str, *, data: bytes, now: datetime) -> str:
    """Keep a photo for a case to come, and return its id. What the camera wrote beside it is not kept."""
    consent = session.scalar(
        select(Consent.granted)
        .where(Consent.conversation_id == conversation_id, Consent.kind == CONSENT)
        .order_by(desc(Consent.id))
        .limit(1)
    )
    if not consent:
        raise ConsentNeeded(kind=CONSENT)
    picture = pictures.encoded_anew(data)
    session.execute(select(Conversation.id).where(Conversation.id == conversation_id).with_for_update())
    if len(of_conversation(session, conversation_id)) >= AT_MOST:
        raise PhotoTooMany(limit=AT_MOST)
    photo = Photo(
        id=secrets.token_hex(16),
        conversation_id=conversation_id,
        width=picture.width,
        height=picture.height,
        kept_at=now,
    )
    hall.sealer.seal(photo, picture.jpeg)
    session.add(photo)
    session.flush()
    return photo.id


def of_conversation(session: Session, conversation_id: str) -> tuple[str, ...]:
    """The photos kept and in no case yet, the oldest first."""
    loose = select(Photo.id).where(Photo.conversation_id == conversation_id, LOOSE)
    return tuple(session.scalars(loose.order_by(Photo.kept_at)))


def of_case(session: Session, number: str) -> tuple[str, ...]:
    return tuple(session.scalars(select(Photo.id).where(Photo.case_number == number).order_by(Photo.kept_at)))


def attach(session: Session, conversation_id: str, number: str, photos: Sequence[str]) -> None:
    """Make photos of this conversation part of a case: from now on they stay as long as it."""
    for row in loose(session, conversation_id, photos):
        row.case_number = number
    session.flush()


def loose(session: Session, conversation_id: str, photos: Sequence[str]) -> Sequence[Photo]:
    """These photos of this conversation, locked; a refusal unless all of them are its own and in no case."""
    if not photos:
        raise PhotoMissing()
    found = select(Photo).where(Photo.id.in_(photos), Photo.conversation_id == conversation_id, LOOSE)
    rows: Sequence[Photo] = session.scalars(found.with_for_update()).all()
    if len(rows) < len(set(photos)):
        raise PhotoUnknown()
    return rows


def copied(session: Session, hall: Hall, photos: Sequence[str], *, now: datetime) -> tuple[str, ...]:
    """Copies that are in no case yet, for another case that needs the same: each goes with its own."""
    copies = []
    for original in [session.get(Photo, photo_id) for photo_id in photos]:
        copy = Photo(
            id=secrets.token_hex(16),
            conversation_id=original.conversation_id,
            width=original.width,
            height=original.height,
            kept_at=now,
        )
        hall.sealer.seal(copy, hall.sealer.unseal(original))
        session.add(copy)
        copies.append(copy.id)
    session.flush()
    return tuple(copies)


def show(session: Session, hall: Hall, photo_id: str) -> bytes:
    """The photo as a JPEG, for the staff who review its case."""
    photo = session.get(Photo, photo_id)
    if photo is None:
        raise PhotoUnknown()
    return hall.sealer.unseal(photo)


def forget_loose(session: Session, conversation_id: str) -> int:
    """Delete what a conversation showed and no case needs."""
    result = session.execute(
        delete(Photo)
        .where(Photo.conversation_id == conversation_id, LOOSE)
        .execution_options(synchronize_session="fetch")
    )
    return int(result.rowcount)
