"""What the flows of binding share: who is signed in, and the people and organizations to choose from."""

from __future__ import annotations

import re
from collections.abc import Callable

from actions.flow import Step, Way
from hrss import acting, authority, roster
from hrss.authority import Act
from hrss.errors import NotBound, SignInAsPerson
from hrss.roster import Operator, Parent
from hrss.subjects import SubjectKind


def with_account(step: Step, act: Act) -> None:
    """Refuse who is not signed in with an organization's account."""
    authority.require(step.session, step.conversation_id, act, kind=SubjectKind.ORGANIZATION, now=step.now)


def as_operator(step: Step) -> None:
    """Refuse who is not signed in as a person, or is bound to no organization of this province."""
    if authority.signed_in_person(step.session, step.conversation_id, now=step.now) is None:
        raise SignInAsPerson()
    if not organizations(step):
        raise NotBound()


def operators(step: Step) -> tuple[Operator, ...]:
    return roster.of_organization(step.session, step.hall, step.conversation_id, now=step.now)


def operator(step: Step, field: str) -> Operator | None:
    """The one that was named; None when they are on the list no more."""
    wanted = step.run.values.get(field)
    return next((each for each in operators(step) if each.person_id == wanted), None)


def people(fits: Callable[[Operator], bool]) -> Callable[[Step], tuple[Way, ...]]:
    """Offer those on the list who fit, by name; of two with one name, the certificate tells which."""

    def offers(step: Step) -> tuple[Way, ...]:
        found = [each for each in operators(step) if fits(each)]
        named = [each.name for each in found]
        return tuple(
            Way(
                each.person_id,
                each.name if named.count(each.name) == 1 else f"{each.name} {each.certificate[-4:]}",
                re.escape(each.name) if named.count(each.name) == 1 else re.escape(each.certificate[-4:]),
            )
            for each in found
        )

    return offers


def organizations(step: Step) -> tuple[Parent, ...]:
    """Those that the person may act for, in the province of the conversation."""
    return acting.choices(step.session, step.conversation_id, now=step.now, province=step.province)


def organization(step: Step, account_id: str) -> Parent | None:
    return next((each for each in organizations(step) if each.account_id == account_id), None)


def offered(
    found: Callable[[Step], tuple[Parent, ...]], value: Callable[[Parent], str] = lambda each: each.account_id
) -> Callable[[Step], tuple[Way, ...]]:
    """Offer organizations by name."""
    return lambda step: tuple(Way(value(each), each.name, re.escape(each.name)) for each in found(step))


def businesses(of: Operator | Parent) -> str:
    return "、".join(business.label for business in of.businesses) or "—"
