"""更新单位信息: what of an organization's data can change, and how (U6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Field, Flow, Step, ways
from hrss import organizations
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.errors import OrgNumberFixed, Refusal


class UpdateOrganization(Flow):
    stem = "update_organization"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("org_change", choices=ways("org_change"), prepare=_details, check=_possible)
        if known.get("by") == "hand":
            yield Field("new_org_name", ("org_name",), free=r"[^〔〕]{4,40}")

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.UPDATE_ORGANIZATION)

    def summary(self, step: Step) -> dict[str, str]:
        now = organizations.details(step.session, step.conversation_id, now=step.now)
        if step.run.values["by"] == "hand":
            name, representative = step.run.values["new_org_name"], now.legal_representative
        else:
            theirs = _on_record(step)
            name, representative = theirs.name, theirs.legal_representative
        return {
            "before": now.name,
            "after": name,
            "representative_before": now.legal_representative,
            "representative_after": representative,
        }

    def act(self, step: Step) -> None:
        session, hall, conversation_id, key = (
            step.session,
            step.hall,
            step.conversation_id,
            step.key("update"),
        )
        if step.run.values["by"] == "hand":
            name = step.run.values["new_org_name"]
            organizations.rename(session, hall, conversation_id, name=name, key=key, now=step.now)
            step.say("utter_update_organization_renamed")
        else:
            organizations.update(session, hall, conversation_id, key=key, now=step.now)
            step.say("utter_update_organization_updated")


def _details(step: Step) -> dict[str, str]:
    now = organizations.details(step.session, step.conversation_id, now=step.now)
    return {
        "organization": now.name,
        "number": now.number,
        "representative": now.legal_representative,
    }


def _on_record(step: Step) -> organizations.LegalEntity:
    return organizations.on_record(step.session, step.hall, step.conversation_id, now=step.now)


def _possible(step: Step, change: str) -> Checked:
    """Whether this can change; and whether by hand, or by 更新 from the register."""
    if change == "number":
        return Checked(OrgNumberFixed())
    now = organizations.details(step.session, step.conversation_id, now=step.now)
    step.run.values["by"] = "hand" if change == "name" and not now.is_real_name else "register"
    if step.run.values["by"] == "register":
        try:
            _on_record(step)
        except Refusal as refused:
            return Checked(refused)
    return Checked()
