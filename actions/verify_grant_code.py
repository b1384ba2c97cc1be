"""授权码实名: the code of the SMS makes the organization real-named for its operator (B7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Field, Flow, Step
from hrss import acting, grant_codes
from hrss.attempts import Checked
from hrss.errors import AlreadyVerified, Refusal
from hrss.roster import Parent


def _unverified(step: Step) -> tuple[Parent, ...]:
    """Those still to be verified; only the one that was chosen to act for, where it is one of them."""
    found = [each for each in operators.organizations(step) if not each.is_verified]
    chosen = acting.chosen(step.session, step.conversation_id, now=step.now)
    return tuple([each for each in found if each == chosen] or found)


class VerifyGrantCode(Flow):
    stem = "verify_grant_code"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("parent", own_choices=operators.offered(_unverified), prepare=_some, single=True)
        yield Field("grant_code", ("grant_code",), prepare=_for, check=_verify, secret=True)

    def allowed(self, step: Step) -> None:
        operators.as_operator(step)

    def act(self, step: Step) -> None:
        chosen = operators.organization(step, step.run.values["parent"])
        step.say("utter_verify_grant_code_done", organization=chosen.name if chosen else "")


def _some(step: Step) -> dict[str, str]:
    if not _unverified(step):
        raise AlreadyVerified()
    return {}


def _for(step: Step) -> dict[str, str]:
    chosen = operators.organization(step, step.run.values["parent"])
    return {"organization": chosen.name if chosen else ""}


def _verify(step: Step, code: str) -> Checked:
    try:
        return grant_codes.verify(
            step.session,
            step.hall,
            step.conversation_id,
            account_id=step.run.values["parent"],
            code=code,
            key=step.key_of_try("verify"),
            now=step.now,
        )
    except Refusal as refused:
        return Checked(refused)
