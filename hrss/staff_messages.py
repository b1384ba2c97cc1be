"""Words left for staff (人工留言) while none of them is there."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss import cases
from hrss.case_states import OPEN, CaseKind, CaseState
from hrss.cases import Receipt
from hrss.errors import CaseNotOpen
from hrss.hall import Hall
from hrss.operations import once
from hrss.tables import Case

WORKING_DAYS = 1


@once
def leave(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str | None,
    words: str,
    key: str,
    now: datetime,
) -> Receipt:
    """
    Leave words for staff. While they have not been answered, further words are added to them.

    `words` come from the vault, with tokens in the place of personal values.
    """
    receipt = cases.submit(
        session,
        hall,
        conversation_id,
        kind=CaseKind.STAFF_MESSAGE,
        province=province,
        subject_lookup=hall.sealer.lookup("case of conversation", conversation_id),
        claim={"words": [words]},
        phone=None,
        working_days=WORKING_DAYS,
        now=now,
    )
    return (
        _add(session, hall, cases.locked(session, receipt.number), words) if receipt.already_open else receipt
    )


@once
def add(
    session: Session, hall: Hall, conversation_id: str, *, number: str, words: str, key: str, now: datetime
) -> Receipt:
    """Add further words to what this conversation has left, until staff have answered it."""
    case = cases.owned(session, conversation_id, number=number, now=now, change=True)
    state = CaseState(case.state)
    if state not in OPEN:
        raise CaseNotOpen(number=number, state=state.label)
    return _add(session, hall, case, words)


def _add(session: Session, hall: Hall, case: Case, words: str) -> Receipt:
    claim = hall.sealer.unseal_document(case)
    hall.sealer.seal_document(case, {**claim, "words": [*claim["words"], words]})
    return cases.receipt(case, already_open=True)
