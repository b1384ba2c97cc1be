"""For which organization a conversation's person acts (B5): chosen once, remembered for the conversation."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss import authority, bindings, proofs, roster
from hrss.authority import MAY, Act, Authorised
from hrss.bindings import Bound
from hrss.errors import NotBound, SignInAsPerson, WhichOrganization
from hrss.hall import Hall
from hrss.operations import once
from hrss.proofs import How
from hrss.roster import Parent
from hrss.tables import ActingFor, OrgAccount
from hrss.tables.bindings import ACCEPTED


@once
def choose(
    session: Session, hall: Hall, conversation_id: str, *, account_id: str, key: str, now: datetime
) -> Bound:
    """Act for this organization from now on, in this conversation."""
    bindings.locked(session, account_id)  # before it is looked at: a release may be under way
    authorised = authority.require_for(
        session, conversation_id, Act.ACT_FOR_ORGANIZATION, account_id=account_id, now=now
    )
    session.merge(
        ActingFor(
            conversation_id=conversation_id,
            account_id=account_id,
            person_id=authorised.person_id,
            binding_state=ACCEPTED,
            chosen_at=now,
        )
    )
    at = (conversation_id, now)
    bindings.record(session, "acting.chosen", account_id, str(authorised.person_id), by="person", at=at)
    return Bound(account_id, str(authorised.person_id))


def choices(
    session: Session, conversation_id: str, *, now: datetime, province: str | None = None
) -> tuple[Parent, ...]:
    """The organizations that the person of this conversation may act for; none, when nobody is signed in."""
    person_id = authority.signed_in_person(session, conversation_id, now=now)
    if person_id is None:
        return ()
    return tuple(
        parent for parent in roster.parents(session, person_id, province=province) if parent.has_accepted
    )


def chosen(session: Session, conversation_id: str, *, now: datetime) -> Parent | None:
    """The organization chosen, while the person is signed in and bound to it."""
    row = session.get(ActingFor, conversation_id, populate_existing=True)
    found = choices(session, conversation_id, now=now)
    return next((parent for parent in found if row and parent.account_id == row.account_id), None)


def organization(
    session: Session, conversation_id: str, act: Act, *, now: datetime, province: str | None = None
) -> Authorised:
    """
    For which organization this conversation does this: the chosen one, or the only one it may do it for.

    Otherwise a refusal that says what is missing.
    """
    found = able(session, conversation_id, act, now=now, province=province)
    if len(found) > 1:
        raise WhichOrganization(count=len(found))
    return authority.require_for(session, conversation_id, act, account_id=found[0], now=now)


def able(
    session: Session, conversation_id: str, act: Act, *, now: datetime, province: str | None = None
) -> tuple[str, ...]:
    """
    The organizations, by account, that this conversation may do this for: the chosen one alone, else every one.

    At least one; otherwise a refusal that says what is missing.
    """
    already = chosen(session, conversation_id, now=now)
    if already is not None and province in (None, already.province):
        authority.require_for(session, conversation_id, act, account_id=already.account_id, now=now)
        return (already.account_id,)
    candidates = [
        *(parent.account_id for parent in choices(session, conversation_id, now=now, province=province)),
        *_represented(session, conversation_id, province, now),
    ]
    found = tuple(
        account_id
        for account_id in candidates
        if any(
            act in MAY[each.standing]
            for each in authority.standings(session, conversation_id, account_id=account_id, now=now)
        )
    )
    if candidates and not found:
        authority.require_for(session, conversation_id, act, account_id=candidates[0], now=now)
    if not candidates and authority.signed_in_person(session, conversation_id, now=now) is None:
        raise SignInAsPerson()
    if not candidates:
        raise NotBound()
    return found


def _represented(session: Session, conversation_id: str, province: str | None, now: datetime) -> list[str]:
    """The organizations whose legal representative this conversation has proven to be (U9)."""
    return [
        proof.subject.id
        for proof in proofs.current(session, conversation_id, now=now)
        if proof.how is How.LIVE_PERSON
        and (province is None or session.get(OrgAccount, proof.subject.id).province == province)
    ]
