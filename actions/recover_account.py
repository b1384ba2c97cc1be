"""找回登录账号: for a person and for an organization (R1, R3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import photo_appeal, proving
from actions.flow import Field, Flow, Step, ways
from hrss import recovery
from hrss.authority import Act
from hrss.proofs import How
from hrss.recovery import Recovered


class RecoverAccount(Flow):
    stem = "recover_account"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("subject", choices=ways("subject"))
        if known.get("subject") == "person":
            signed_in = proving.person_is_proven(Act.SEE_LOGIN, by=How.TOKEN)
            yield Field("route", choices=ways("route_person_account"), settled=signed_in)
        else:
            yield Field("route", choices=ways("route_org"), question="utter_ask_route_org")
        if known.get("route") == "id_photo":
            yield from photo_appeal.fields(known)
        else:
            yield from proving.fields(known, Act.SEE_LOGIN)

    def summary(self, step: Step) -> dict[str, str] | None:
        return photo_appeal.summary(step) if step.run.values["route"] == "id_photo" else None

    def act(self, step: Step) -> None:
        values = step.run.values
        if values["route"] == "unionpay":
            step.say("utter_recover_by_unionpay")
        elif values["route"] == "id_photo":
            photo_appeal.submit(step, Recovered.ACCOUNT)
        elif values["subject"] == "person":
            found = recovery.logins(step.session, step.conversation_id, province=step.province, now=step.now)
            step.say("utter_recover_account_shown", logins="、".join(login.masked for login in found))
        else:
            sent = step.do(recovery.send_org_login, key=step.key("login"))
            step.say("utter_recover_account_sent", phone=sent.phone)

    def too_many_failures(self, step: Step, asked: Field) -> bool:
        return proving.another_way(step, asked)
