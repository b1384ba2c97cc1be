"""注销重复账号: a person with two accounts asks an administrator to cancel one (P4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import own_accounts, proving, receipts
from actions.flow import Field, Flow, Step
from hrss import duplicates
from hrss.authority import Act


class CancelDuplicateAccount(Flow):
    stem = "cancel_duplicate_account"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield from proving.by_phone(Act.REQUEST_CANCELLATION)
        yield own_accounts.field(Act.REQUEST_CANCELLATION)

    def summary(self, step: Step) -> dict[str, str] | None:
        found = own_accounts.of(step, Act.REQUEST_CANCELLATION)
        if len(found) < 2:
            return None  # nothing to cancel: the business says so
        cancelled = own_accounts.chosen(step, Act.REQUEST_CANCELLATION)
        if cancelled is None:
            return None
        kept = next(account for account in found if account is not cancelled)
        return {"login": cancelled.masked, "kept": kept.masked}

    def act(self, step: Step) -> None:
        account = own_accounts.chosen(step, Act.REQUEST_CANCELLATION)
        receipt = step.do(
            duplicates.request_cancellation,
            province=step.province,
            login=account.login if account else "",
            key=step.key("cancellation"),
        )
        receipts.say(step, receipt)
