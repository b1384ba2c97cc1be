"""稳岗返还确认: read, ticked, chosen, saved as a 待办, submitted (F2 to F6); and what those hear who may not, or no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from actions import photo_appeal, proving
from actions.flow import GIVEN, Begin, Field, Flow, Step, Way, ways
from hrss import photos, refund_doors, refund_tasks, refunds, regulations, wechat_accounts
from hrss.attempts import Checked
from hrss.errors import NotBound, NotGranted, NotRead, SignInAsPerson
from hrss.refund_confirmations import RefundDecision
from hrss.refunds import RefundFile

HERE = "hn"  # F8: Guangdong's screens are guided to, never imitated


class ConfirmRefund(Flow):
    stem = "confirm_refund"

    def first(self, step: Step) -> Begin | None:
        """Lead those away who may not confirm, where nothing can be confirmed any more, and Guangdong's."""
        if _province(step) != HERE:
            return Begin("guide_refund")
        try:
            open_ones = _open(step)
        except (SignInAsPerson, NotBound, NotGranted) as refused:
            if isinstance(refused, SignInAsPerson) and wechat_accounts.is_here(
                step.session, step.conversation_id
            ):
                _prove_instead(step)
                return None
            return Begin("refund_not_yours", {"why": refused.key})
        if not open_ones:
            return Begin("refund_noticed")
        _recall(step, open_ones)
        return None

    def allowed(self, step: Step) -> None:
        if _province(step) == HERE:
            with suppress(SignInAsPerson, NotBound, NotGranted):  # they hear more than a refusal: see `first`
                _files(step)

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        if "instead_of_login" in known:
            yield from proving.instead_of_login(HERE)
        yield Field("refund_account", own_choices=_organizations, single=True)
        if "refund_decision" not in known:
            again = "_again" if "settled" in known else ""
            yield Field(f"refund_enter{again}", choices=ways("refund_enter"), prepare=_about)
        if "no" not in (known.get("refund_enter"), known.get("refund_enter_again")):
            yield Field(
                "refund_ticked", choices=ways("refund_ticked"), prepare=_lay_open, check=_has_been_open
            )
            yield Field("refund_decision", choices=ways("refund_decision"), anywhere=True)
            if decision := known.get("refund_decision"):
                yield Field(
                    f"refund_submit_{decision}", choices=ways(f"refund_submit_{decision}"), prepare=_save
                )

    def too_many_failures(self, step: Step, asked: Field) -> bool:
        return asked.name == "refund_ticked"  # impatience is no failure

    def act(self, step: Step) -> Begin | None:
        values = step.run.values
        decision = values.get("refund_decision")
        if decision is None:
            step.say("utter_confirm_refund_not_entered")
            return None
        if values[f"refund_submit_{decision}"] == "no":
            step.say("utter_confirm_refund_kept", decision=RefundDecision(decision).label)
            return None
        task = values["refund_task"]
        settled = refund_tasks.submit(
            step.session,
            step.hall,
            step.conversation_id,
            account_id=values["refund_account"],
            task=task,
            key=step.key(f"submit {task}"),
            now=step.now,
        )
        step.say(
            f"utter_confirm_refund_settled_{decision}",
            org=settled.org_name,
            year=str(settled.year),
            slip=settled.slip,
        )
        paper = {"name": f"{settled.slip}.pdf", "path": f"slip?number={settled.slip}"}
        step.show("utter_confirm_refund_slip", {"kind": "file", "file": paper}, slip=settled.slip)
        return None


class RefundNotYours(Flow):
    """Someone who may not confirm asks on; nothing of the organization is shown to them."""

    stem = "refund_not_yours"
    remarks = "refund_not_yours_remarks"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field(f"because_{known.get('why', SignInAsPerson.key)}", choices=ways("refund_not_yours"))

    def act(self, step: Step) -> Begin | None:
        step.say("utter_refund_not_yours_left")
        return None


class RefundNoticed(Flow):
    """The notice is published, and someone asks on (F6)."""

    stem = "refund_noticed"
    remarks = "refund_noticed_remarks"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("refund_noticed", choices=ways("refund_noticed"), prepare=_notice)

    def act(self, step: Step) -> Begin | None:
        step.say("utter_refund_noticed_left")
        return None


class GuideRefund(Flow):
    """Guangdong's 稳岗返还信息确认: by which door this person reaches it (F8)."""

    stem = "guide_refund"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        return iter(())

    def act(self, step: Step) -> Begin | None:
        door = refund_doors.guangdong(step.session, step.hall, step.conversation_id, now=step.now)
        step.say(f"utter_guide_refund_{door.value}")
        return None


class AttachEvidence(Flow):
    """单位证明材料 for a confirmation: wanted by nobody, taken when someone has some (F5)."""

    stem = "attach_evidence"

    def allowed(self, step: Step) -> None:
        _files(step)

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("refund_account", own_choices=_organizations, single=True)
        yield from photo_appeal.photo(known)

    def act(self, step: Step) -> Begin | None:
        if step.run.values["consent"] == "no":
            step.say("utter_attach_evidence_none")
            return None
        attached = refunds.attach_evidence(
            step.session,
            step.hall,
            step.conversation_id,
            account_id=step.run.values["refund_account"],
            shown=photos.of_conversation(step.session, step.conversation_id),
            key=step.key("evidence"),
            now=step.now,
        )
        step.say(
            "utter_attach_evidence_kept",
            org=attached.org_name,
            year=str(attached.year),
            count=str(attached.documents),
        )
        return None


def _province(step: Step) -> str:
    """The hall that is meant: an entry of Henan's says so, whatever the page."""
    return step.run.values.get("hall") or step.province


def _prove_instead(step: Step) -> None:
    """No page hands a login over to WeChat: a code to the phone on record proves the person; anew when that has ended."""
    values = step.run.values
    for ended in [name for name, value in values.items() if value == GIVEN]:
        del values[ended]
        step.run.prepared.pop(ended, None)
    values["instead_of_login"] = "yes"


def _files(step: Step) -> tuple[RefundFile, ...]:
    return refunds.files(step.session, step.hall, step.conversation_id, province=HERE, now=step.now)


def _open(step: Step) -> list[RefundFile]:
    return [file for file in _files(step) if not file.noticed]


def _file(step: Step) -> RefundFile:
    return refunds.file(
        step.session,
        step.hall,
        step.conversation_id,
        account_id=step.run.values["refund_account"],
        now=step.now,
    )


def _organizations(step: Step) -> tuple[Way, ...]:
    return tuple(Way(file.account_id, file.org_name, file.org_name) for file in _open(step))


def _recall(step: Step, open_ones: list[RefundFile]) -> None:
    """Take up what this organization has settled or saved before; a task that waits need not be chosen anew."""
    values = step.run.values
    if len(open_ones) > 1 and "refund_account" not in values:
        return
    file = next(
        each for each in open_ones if each.account_id == values.get("refund_account", each.account_id)
    )
    if file.decision is not None:
        values.setdefault("settled", file.decision.value)
    if file.task and file.task_decision and "refund_decision" not in values:
        values.update(
            refund_ticked="yes",
            refund_decision=file.task_decision.value,
            refund_task=file.task,
            saved=file.task_decision.value,
        )


def _about(step: Step) -> dict[str, str]:
    file = _file(step)
    return {
        "org": file.org_name,
        "year": str(file.year),
        "decision": file.decision.label if file.decision else "",
    }


def _lay_open(step: Step) -> dict[str, str]:
    """Show the figures and the text once a run; our clock goes on from when it was first delivered."""
    reading = refunds.deliver_regulation(
        step.session, step.conversation_id, account_id=step.run.values["refund_account"], now=step.now
    )
    if step.run.values.get("laid_open") != reading.id:
        step.run.values["laid_open"] = reading.id
        file = _file(step)
        step.say(
            "utter_confirm_refund_figures",
            org=file.org_name,
            number=file.insured_number,
            year=str(file.year),
            contributions=file.contributions,
            layoff_rate=file.layoff_rate,
            ratio=file.refund_ratio,
            amount=file.amount,
            account_name=file.account_name,
            bank=file.bank,
            account=file.account,
        )
        card = {"kind": "reading", "title": reading.title, "not_before": reading.not_before.isoformat()}
        step.show(
            "utter_confirm_refund_reading",
            card,
            title=reading.title,
            version=str(reading.version),
            body=reading.body,
        )
    return {"seconds": str(int(regulations.READING.total_seconds()))}


def _has_been_open(step: Step, _: str) -> Checked:
    try:
        refunds.require_read(
            step.session, step.conversation_id, account_id=step.run.values["refund_account"], now=step.now
        )
    except NotRead as refused:
        return Checked(refused)
    return Checked()


def _save(step: Step) -> dict[str, str]:
    values = step.run.values
    decision = RefundDecision(values["refund_decision"])
    if values.get("saved") != decision.value:
        saved = refund_tasks.save(
            step.session,
            step.hall,
            step.conversation_id,
            account_id=values["refund_account"],
            decision=decision,
            ticked=values.get("refund_ticked") == "yes",
            key=step.key_of_try("save"),
            now=step.now,
        )
        values.update(refund_task=saved.task, saved=decision.value)
    file = _file(step)
    return {
        "org": file.org_name,
        "year": str(file.year),
        "amount": file.amount,
        "task": values["refund_task"],
    }


def _notice(step: Step) -> dict[str, str]:
    file = _files(step)[0]
    return {
        "org": file.org_name,
        "year": str(file.year),
        "decision": file.decision.label if file.decision else "—",
    }
