"""
All that the assistant keeps of one person: a copy of it for them, and its erasure with a receipt.

What the hall itself keeps (the register of people, accounts, bindings, decided refunds) is kept by other laws and stays;
the receipt says so.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, union, update
from sqlalchemy.orm import Session

from hrss import accounts, audit, conversations, tracker_events
from hrss.case_states import OPEN
from hrss.database import Database
from hrss.hall import Hall
from hrss.identifiers import Kind, parse_personal_number
from hrss.staff_rights import Right, require
from hrss.subjects import Subject, SubjectKind
from hrss.tables import (
    Case,
    Comment,
    Consent,
    Conversation,
    Message,
    Person,
    PersonAccount,
    Photo,
    ProofRecord,
    SmsCode,
    Turn,
    VaultValue,
    WechatAccount,
    WechatDelivery,
)

STAYS = (
    "people",
    "person_accounts",
    "bindings",
    "refund_confirmations",
    "audit_trail",
    "consents",
    "counter_bookings",
)


@dataclass(frozen=True)
class Receipt:
    """What was erased, by table; what stays, and which cases wait for their decision first. Holds nothing personal."""

    number: str
    at: str
    erased: dict[str, int]
    stays: tuple[str, ...]
    open_cases: tuple[str, ...]


@dataclass(frozen=True)
class _Traces:
    person_id: str | None
    conversations: Sequence[str]  # their own
    typed_in: Sequence[str]  # conversations of others, too, that still hold their number

    def __bool__(self) -> bool:
        return bool(self.person_id or self.typed_in)


def copy(
    session: Session, hall: Hall, *, certificate: str, staff: str, now: datetime
) -> dict[str, Any] | None:
    """Everything the assistant keeps of the person with this certificate, to hand out to them; None if nothing."""
    require(session, staff, Right.PERSONAL_DATA)
    traces = _traces(session, hall, certificate)
    if not traces:
        return None
    person = session.get(Person, traces.person_id) if traces.person_id else None
    own = PersonAccount.person_id == traces.person_id
    in_theirs = Conversation.id.in_(traces.conversations)
    copied = {
        "made_at": now.isoformat(),
        "person": {"name": person.name, **hall.sealer.unseal_document(person)} if person else None,
        "accounts": [
            {
                "province": account.province,
                "login": account.login,
                "real_name_level": account.real_name_level,
                "registered_at": account.registered_at.isoformat(),
                **hall.sealer.unseal_document(account),
            }
            for account in session.scalars(select(PersonAccount).where(own))
        ],
        "wechat_accounts": session.scalars(
            select(WechatAccount.app).where(WechatAccount.person_id == traces.person_id)
        ).all(),
        "cases": [
            {
                "number": case.number,
                "kind": case.kind,
                "state": case.state,
                "submitted_at": case.submitted_at.isoformat(),
                "claimed": hall.sealer.unseal_document(case) if case.sealed else None,
            }
            for case in session.scalars(_cases(traces).order_by(Case.submitted_at))
        ],
        "conversations": [
            {
                "channel": each.channel,
                "started_at": each.started_at.isoformat(),
                "messages": [
                    {"at": message.at.isoformat(), "from": message.author, "text": message.text}
                    for message in conversations.after(session, each.id, 0, limit=None)
                ],
                "consents": [
                    {
                        "kind": consent.kind,
                        "granted": consent.granted,
                        "text_version": consent.text_version,
                        "at": consent.at.isoformat(),
                    }
                    for consent in session.scalars(select(Consent).where(Consent.conversation_id == each.id))
                ],
            }
            for each in session.scalars(
                select(Conversation).where(in_theirs).order_by(Conversation.started_at)
            )
        ],
    }
    _note(session, "person.copied", traces, staff, now, conversations=len(traces.conversations))
    return copied


def erase(
    session: Session, hall: Hall, tracker: Database, *, certificate: str, staff: str, now: datetime
) -> Receipt | None:
    """Take away everything the assistant keeps of this person; None if there is nothing."""
    require(session, staff, Right.PERSONAL_DATA)
    traces = _traces(session, hall, certificate)
    if not traces:
        return None
    waiting = session.scalars(_cases(traces).where(Case.state.in_([state.value for state in OPEN]))).all()
    erased: Counter[str] = Counter()
    kind, number = parse_personal_number(certificate)
    for (
        conversation_id
    ) in traces.typed_in:  # somebody else's talk stays; the token in it means nothing any more
        lookup = hall.sealer.lookup(conversation_id, kind.value, number)
        value = delete(VaultValue).where(
            VaultValue.conversation_id == conversation_id, VaultValue.lookup == lookup
        )
        erased["vault_values"] += _run(session, value)
    for conversation_id in traces.conversations:
        erased["vault_values"] += _count(session, VaultValue, VaultValue.conversation_id == conversation_id)
        erased["photos"] += _loose(session, conversation_id)
        erased["messages"] += conversations.erase(session, conversation_id)
        conversations.end(session, conversation_id, now)
    theirs = traces.conversations
    # what the bot read out to them (a masked name, a case) goes as well
    told = (
        update(Message).where(Message.conversation_id.in_(theirs)).values(text=conversations.ERASED, body={})
    )
    erased["answers"] = _run(session, told) - erased["messages"]
    readings = update(Turn).where(Turn.conversation_id.in_(theirs))
    _run(session, readings.values(candidates=None, request_id=None))
    _run(
        session,
        update(Conversation).where(Conversation.id.in_(theirs)).values(address_lookup=None, site=None),
    )
    decided = [case.number for case in session.scalars(_cases(traces)) if case not in waiting]
    gone = [
        ("photos", delete(Photo).where(Photo.case_number.in_(decided))),
        (
            "cases",
            update(Case).where(Case.number.in_(decided)).values(sealed=None, phone_lookup=None, reason=None),
        ),
        ("comments", delete(Comment).where(Comment.conversation_id.in_(theirs))),
        ("sms_codes", delete(SmsCode).where(SmsCode.conversation_id.in_(theirs))),
        ("proofs", delete(ProofRecord).where(ProofRecord.conversation_id.in_(theirs))),
        ("wechat_deliveries", delete(WechatDelivery).where(WechatDelivery.conversation_id.in_(theirs))),
    ]
    for name, statement in gone:
        erased[name] += _run(session, statement)
    unbound = update(WechatAccount).where(WechatAccount.person_id == traces.person_id)
    erased["wechat_accounts"] = (
        _run(session, unbound.values(person_id=None, bound_at=None)) if traces.person_id else 0
    )
    receipt = Receipt(
        number=f"X{secrets.token_hex(5).upper()}",
        at=now.isoformat(),
        erased=dict(+erased),
        stays=STAYS,
        open_cases=tuple(sorted(case.number for case in waiting)),
    )
    _note(session, "person.erased", traces, staff, now, receipt=receipt.number, **receipt.erased)
    # Last: Rasa's memory is another database. When this fails nothing is erased, and it can be done again.
    receipt.erased["tracker_events"] = tracker_events.forget(tracker, theirs)
    return receipt


def _traces(session: Session, hall: Hall, certificate: str) -> _Traces:
    """Where this person has shown who they are, and where their number was typed, by them or by somebody else."""
    kind, number = parse_personal_number(certificate)
    person = accounts.person_with(session, hall, certificate=number)
    own: set[str] = set()
    if person is not None:
        is_person = SubjectKind.PERSON.value
        proven = union(
            select(ProofRecord.conversation_id).where(
                ProofRecord.subject_kind == is_person, ProofRecord.subject_id == person.id
            ),
            select(SmsCode.conversation_id).where(
                SmsCode.subject_kind == is_person,
                SmsCode.subject_id == person.id,
                SmsCode.used_at.is_not(None),
            ),
            select(Case.conversation_id).where(Case.person_id == person.id),
            select(WechatAccount.conversation_id).where(WechatAccount.person_id == person.id),
            select(WechatDelivery.conversation_id)
            .join(WechatAccount, WechatAccount.id == WechatDelivery.account_id)
            .where(WechatAccount.person_id == person.id),
        )
        own = {each for each in session.scalars(proven) if each}
    typed_in = _typed_in(session, hall, kind, number)
    return _Traces(person.id if person else None, sorted(own), sorted(typed_in))


def _typed_in(session: Session, hall: Hall, kind: Kind, number: str) -> Collection[str]:
    """Conversations in which the number was typed and is still kept; hashes are keyed by conversation, so each is tried."""
    kept = select(VaultValue.conversation_id, VaultValue.lookup).where(VaultValue.kind == kind.value)
    return {
        row.conversation_id
        for row in session.execute(kept)
        if hall.sealer.is_lookup_of(row.lookup, row.conversation_id, kind.value, number)
    }


def _cases(traces: _Traces) -> Any:
    by_person = Case.person_id == traces.person_id if traces.person_id else False
    return select(Case).where(by_person | Case.conversation_id.in_(traces.conversations))


def _note(session: Session, did: str, traces: _Traces, staff: str, now: datetime, **facts: Any) -> None:
    subject = Subject(SubjectKind.PERSON, traces.person_id or "unknown")
    audit.record(session, did, subject, now=now, staff=staff, **facts)


def _loose(session: Session, conversation_id: str) -> int:
    return _count(session, Photo, Photo.conversation_id == conversation_id, Photo.case_number.is_(None))


def _count(session: Session, table: Any, *which: Any) -> int:
    return len(session.scalars(select(table).where(*which)).all())


def _run(session: Session, statement: Any) -> int:
    return int(session.execute(statement.execution_options(synchronize_session=False)).rowcount)
