"""找回密码: for a person and for an organization (R2, R4, R6, R7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import own_accounts, photo_appeal, proving
from actions.flow import GIVEN, Field, Flow, Step, ways
from hrss import recovery
from hrss.authority import Act
from hrss.errors import OnlyPrimaryContact, Refusal
from hrss.proofs import How
from hrss.recovery import Recovered


class RecoverPassword(Flow):
    stem = "recover_password"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("subject", choices=ways("subject"))
        if known.get("subject") == "person":
            signed_in = proving.person_is_proven(Act.RESET_PASSWORD, by=How.TOKEN)
            yield Field("route", choices=ways("route_person_password"), settled=signed_in)
        else:
            # R6: a real-named organization has one way only
            yield Field("org_real_name", choices=ways("org_real_name"), remember=True)
            if known.get("org_real_name") == "no":
                yield Field("route", choices=ways("route_org"), question="utter_ask_route_org_password")
        if known.get("route") == "id_photo":
            yield from photo_appeal.fields(known)
            return
        yield from proving.fields(known, Act.RESET_PASSWORD)
        if known.get("subject") == "person" and known.get("route") != "unionpay":
            yield own_accounts.field(Act.RESET_PASSWORD)

    def summary(self, step: Step) -> dict[str, str] | None:
        values = step.run.values
        if values.get("route") == "id_photo":
            return photo_appeal.summary(step)
        if not _proven_before(step):
            return None
        account = own_accounts.chosen(step, Act.RESET_PASSWORD)
        return {"login": account.masked, "phone": account.phone} if account else None

    def read_back(self, step: Step) -> str:
        return "utter_confirm_own_password" if _proven_before(step) else super().read_back(step)

    def act(self, step: Step) -> None:
        values = step.run.values
        if values.get("route") == "unionpay":
            step.say("utter_recover_by_unionpay")
            return
        if values.get("route") == "id_photo":
            photo_appeal.submit(step, Recovered.PASSWORD)
            return
        if values["subject"] == "person":
            account = own_accounts.chosen(step, Act.RESET_PASSWORD)
            sent = step.do(
                recovery.reset_person_password,
                province=step.province,
                login=account.login if account else None,
                key=step.key("password"),
            )
        else:
            sent = step.do(recovery.reset_org_password, key=step.key("password"))
        step.say(f"utter_recover_password_sent_{values['subject']}", phone=sent.phone)

    def has_another_way(self, step: Step, refused: Refusal) -> bool:
        if not isinstance(refused, OnlyPrimaryContact):
            return False
        # R6: the records know better than the person whether the organization is real-named
        step.run.values["org_real_name"] = "yes"
        step.run.values.pop("route", None)
        return True

    def too_many_failures(self, step: Step, asked: Field) -> bool:
        return proving.another_way(step, asked)


def _proven_before(step: Step) -> bool:
    """Whether nothing was asked in this run that says for whom it is: then it is said, and confirmed."""
    values = step.run.values
    return (
        values["subject"] == "person"
        and values.get("route") in ("phone", GIVEN)
        and values.get("certificate", GIVEN) == GIVEN
    )
