"""查办理进度: how a case stands, for its owner (R8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import proving
from actions.flow import GIVEN, Field, Flow, Step
from hrss import case_states, cases
from hrss.case_states import CaseKind, CaseState
from hrss.cases import Progress
from hrss.errors import ProofNeeded
from hrss.identifiers import parse_case_number, parse_phone


class CaseProgress(Flow):
    stem = "case_progress"
    follow_ups = "about_a_case"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("case_number", ("case_number",), parse=parse_case_number, settled=_has_cases)
        yield Field("phone", ("phone",), parse=parse_phone, settled=_is_owner)
        yield Field(
            "sms_code",
            ("sms_code",),
            prepare=_send_code,
            check=proving.check_code,
            settled=_is_owner,
            secret=True,
        )

    def is_worth_offering(self, step: Step) -> bool:
        return _has_cases(step)

    def act(self, step: Step) -> None:
        number = step.run.values.get("case_number")
        if number and number != GIVEN:
            found: tuple[Progress, ...] = (_progress(step, number),)
        else:
            found = cases.mine(step.session, step.conversation_id, now=step.now)
        for progress in found:
            stages, over = case_states.stages(progress.state, progress.outcome)
            step.show(
                _sentence(progress),
                {"kind": "progress", "receipt": progress.number, "stages": list(stages), "stage": over},
                number=progress.number,
                kind=progress.kind.label,
                state=(progress.outcome or progress.state).label,
                submitted=f"{progress.submitted_at:%Y-%m-%d}",
                due=progress.due_on.isoformat() if progress.due_on else "—",
                reason=progress.reason or "—",
            )


def _sentence(progress: Progress) -> str:
    """An application for a grant code goes to the agency, without a day it must be ready, and another step follows."""
    if progress.kind is not CaseKind.GRANT_CODE:
        return "utter_case_progress"
    if progress.outcome is CaseState.APPROVED:
        return "utter_case_progress_grant_code_issued"
    return "utter_case_progress" if progress.outcome else "utter_case_progress_grant_code"


def _progress(step: Step, number: str) -> Progress:
    return cases.progress(step.session, step.hall, step.conversation_id, number=number, now=step.now)


def _has_cases(step: Step) -> bool:
    """Whether this conversation has proven to own a case: then no number is asked for."""
    return bool(cases.mine(step.session, step.conversation_id, now=step.now))


def _is_owner(step: Step) -> bool:
    number = step.run.values.get("case_number")
    if number is None or number == GIVEN:
        return _has_cases(step)
    try:
        _progress(step, number)
    except ProofNeeded:
        return False
    return True


def _send_code(step: Step) -> dict[str, str]:
    own = step.given(number="case_number", phone="phone")
    return proving.code_sent(step.do(cases.send_code, **own, key=step.key_of_try("code")))
