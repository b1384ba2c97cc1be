"""确认绑定: the person accepts or refuses what an organization asked (B2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators, proving
from actions.flow import Field, Flow, Step, ways
from hrss import authority, bindings, proofs, roster
from hrss.authority import Act
from hrss.errors import NoSuchRequest, SignInAsPerson
from hrss.roster import Parent
from hrss.subjects import SubjectKind


class ConfirmBinding(Flow):
    stem = "confirm_binding"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield from proving.by_phone(Act.ANSWER_BINDING)
        yield Field("parent", own_choices=operators.offered(waiting), prepare=_some, single=True)
        yield Field("binding_answer", choices=ways("binding_answer"), prepare=_asking)

    def allowed(self, step: Step) -> None:
        if authority.signed_in_person(step.session, step.conversation_id, now=step.now):
            return
        # a stranger may prove who they are by the phone on record, if it is this what they came for
        signed_in = proofs.signed_in(step.session, step.conversation_id)
        if step.run.offered or (signed_in and signed_in.kind is SubjectKind.ORGANIZATION):
            raise SignInAsPerson()

    def act(self, step: Step) -> None:
        asking = _asking(step)
        answer = step.run.values["binding_answer"]
        do = bindings.accept if answer == "accept" else bindings.refuse
        do(
            step.session,
            step.hall,
            step.conversation_id,
            account_id=step.run.values["parent"],
            key=step.key("answer"),
            now=step.now,
        )
        step.say(f"utter_confirm_binding_{answer}", organization=asking["organization"])


def waiting(step: Step) -> tuple[Parent, ...]:
    """The organizations that wait for this person's answer."""
    found = roster.of_person(step.session, step.conversation_id, now=step.now, province=step.province)
    return tuple(parent for parent in found if not parent.has_accepted)


def _some(step: Step) -> dict[str, str]:
    if not waiting(step):
        raise NoSuchRequest()
    return {}


def _asking(step: Step) -> dict[str, str]:
    for parent in waiting(step):
        if parent.account_id == step.run.values["parent"]:
            return {"organization": parent.name, "number": parent.number}
    raise NoSuchRequest()
