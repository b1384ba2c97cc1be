"""Which of their own accounts a person means, where older data hold several: a question with masked choices."""

from __future__ import annotations

from actions.flow import Field, Step, Way
from hrss import accounts, recovery
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.errors import NoAccount, ProofNeeded, WhichAccount
from hrss.recovery import OwnAccount

_NUMBERS = "一二三四五六七八九"


def field(act: Act) -> Field:
    """Return the question; it is asked only of someone who has more than one account."""
    return Field(
        "account",
        own_choices=lambda step: _choices(of(step, act)),
        settled=lambda step: len(of(step, act)) < 2,
        check=lambda step, said: _checked(of(step, act), said),
        free=r"[\w@.\-*]{1,40}",
    )


def of(step: Step, act: Act) -> tuple[OwnAccount, ...]:
    """Return the accounts of who has proven to be their owner; none for anyone else."""
    try:
        return recovery.own_accounts(
            step.session, step.hall, step.conversation_id, act, province=step.province, now=step.now
        )
    except (ProofNeeded, NoAccount):
        return ()  # the act itself refuses, and says why


def chosen(step: Step, act: Act) -> OwnAccount | None:
    """Return the account that was meant, or the only one."""
    found = of(step, act)
    return found[0] if len(found) == 1 else _meant(found, step.run.values["account"])


def _choices(found: tuple[OwnAccount, ...]) -> tuple[Way, ...]:
    return tuple(
        Way(
            value=account.id,
            label=f"{number}. {account.masked} {account.phone}",
            said=f"^第?({'|'.join((str(number), *_NUMBERS[number - 1 : number]))})个?$",
        )
        for number, account in enumerate(found, start=1)
    )


def _checked(found: tuple[OwnAccount, ...], said: str) -> Checked:
    if not found or _meant(found, said):
        return Checked()
    return Checked(WhichAccount(count=len(found)))


def _meant(found: tuple[OwnAccount, ...], said: str) -> OwnAccount | None:
    """Return the account by what its button stands for, or by its login as its owner types it."""
    return next(
        (account for account in found if said == account.id or accounts.same_text(said, account.login)), None
    )
