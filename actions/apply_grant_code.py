"""申请单位授权码: for one organization or several, with materials, reviewed by the agency (B6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators, photo_appeal, receipts
from actions.flow import Field, Flow, Step, ways
from hrss import grant_codes, photos
from hrss.attempts import Checked
from hrss.errors import Refusal
from hrss.roster import Parent

ANY_CODE = r"[0-9A-Za-z][0-9A-Za-z -]{4,19}"


def _unverified(step: Step) -> tuple[Parent, ...]:
    return tuple(each for each in operators.organizations(step) if not each.is_verified)


class ApplyGrantCode(Flow):
    stem = "apply_grant_code"
    follow_ups = "about_a_case"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field(
            "org_code",
            ("org_number",),
            own_choices=operators.offered(_unverified, lambda each: each.number),
            check=_find,
            free=ANY_CODE,
            many=True,
        )
        yield Field("all_of_them", choices=ways("all_of_them"), prepare=_found)
        yield from photo_appeal.photo(known)

    def allowed(self, step: Step) -> None:
        operators.as_operator(step)

    def summary(self, step: Step) -> dict[str, str] | None:
        if step.run.values["consent"] == "no":
            return None
        shown = photos.of_conversation(step.session, step.conversation_id)
        return {**_found(step), "photos": str(len(shown))}

    def act(self, step: Step) -> None:
        if step.run.values["consent"] == "no":
            step.say("utter_apply_grant_code_at_the_counter")
            return
        applied = grant_codes.apply(
            step.session,
            step.hall,
            step.conversation_id,
            account_ids=tuple(_account_ids(step)),
            shown=photos.of_conversation(step.session, step.conversation_id),
            key=step.key("application"),
            now=step.now,
        )
        for receipt in applied.receipts:
            if receipt.already_open:
                receipts.say(step, receipt)
            else:
                receipts.remember(step.run, receipt)
                step.say("utter_apply_grant_code_submitted", number=receipt.number)


def _account_ids(step: Step) -> list[str]:
    return step.run.values.get("organizations", "").split()


def _find(step: Step, number: str) -> Checked:
    try:
        found = grant_codes.find(
            step.session, step.conversation_id, province=step.province, number=number, now=step.now
        )
    except Refusal as refused:
        return Checked(refused)
    chosen = dict.fromkeys([*_account_ids(step), found.account_id])
    step.run.values["organizations"] = " ".join(chosen)
    return Checked()


def _found(step: Step) -> dict[str, str]:
    named = [operators.organization(step, account_id) for account_id in _account_ids(step)]
    return {"organizations": "、".join(f"{each.name}（{each.number}）" for each in named if each)}
