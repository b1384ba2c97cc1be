"""Who may do what: every role against every act, allowed or refused with which key; the table is `hrss/authority.py`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hrss import acting, authority, live_person, proofs
from hrss.authority import Act
from hrss.errors import Refusal
from hrss.proofs import How
from hrss.subjects import Subject, SubjectKind
from tests.hrss.people import Talk

PERSON, ORGANIZATION, CASE = SubjectKind.PERSON, SubjectKind.ORGANIZATION, SubjectKind.CASE
JIA = "demo_91440101MA00000156"  # its legal representative is known to 粤信签
REN = "demo_91441300MA0000082C"  # 孙丽: primary contact, granted; 何伟: operator; 陈静: asked
LUOYANG = "demo_91410300MA00000583"  # 史军: primary contact, granted; 贺敏: operator

FOR_ONESELF = {
    Act.BIND_WECHAT,
    Act.SEE_LOGIN,
    Act.RESET_PASSWORD,
    Act.SEE_LEVEL,
    Act.RAISE_LEVEL,
    Act.SEE_CASE,
    Act.REQUEST_CANCELLATION,
    Act.ANSWER_BINDING,
}
WITH_THE_ACCOUNT = {
    Act.SEE_BINDINGS,
    Act.REQUEST_BINDING,
    Act.RELEASE_BINDING,
    Act.NAME_PRIMARY_CONTACT,
    Act.GRANT_BUSINESS,
    Act.UPDATE_ORGANIZATION,
    Act.CHECK_LIVE_PERSON,
}
FOR_AN_ORGANIZATION = {
    Act.ACT_FOR_ORGANIZATION,
    Act.APPLY_FOR_GRANT_CODE,
    Act.VERIFY_GRANT_CODE,
    Act.CONFIRM_REFUND,
}
AS_OPERATOR = FOR_AN_ORGANIZATION - {Act.CONFIRM_REFUND}

TOLD = {Act.HEAR_NEWS}  # not asked for: it comes

# What each proof allows: for oneself, or with the account itself.
ALLOWED: dict[tuple[How, SubjectKind], set[Act]] = {
    (How.TOKEN, PERSON): FOR_ONESELF | TOLD,
    (How.SMS_CODE, PERSON): FOR_ONESELF | TOLD,
    (How.WECHAT, PERSON): {Act.SEE_LOGIN, Act.SEE_LEVEL, Act.SEE_CASE} | TOLD,
    (How.UNIONPAY, PERSON): {Act.SEE_LOGIN, Act.RESET_PASSWORD},
    (How.SECURITY_QUESTIONS, PERSON): {Act.RESET_PASSWORD},
    (How.TOKEN, ORGANIZATION): WITH_THE_ACCOUNT | {Act.SEE_LEVEL} | TOLD,
    (How.SMS_CODE, ORGANIZATION): {Act.SEE_LOGIN, Act.RESET_PASSWORD, Act.SEE_LEVEL},
    (How.LIVE_PERSON, ORGANIZATION): {Act.CONFIRM_REFUND},
    (How.SMS_CODE, CASE): {Act.SEE_CASE} | TOLD,
    (How.SUBMITTED, CASE): {Act.SEE_CASE} | TOLD,
}

# Each role, how it is proven, and what it hears from each group of acts; None: it may.
Proofs = tuple[tuple[How, Subject], ...]
PEOPLE: dict[str, tuple[Proofs, dict[Act, str | None]]] = {
    "stranger": ((), dict.fromkeys(FOR_AN_ORGANIZATION, "sign_in_as_person")),
    "person": (
        ((How.TOKEN, Subject(PERSON, "demo_wulei")),),
        dict.fromkeys(FOR_AN_ORGANIZATION, "not_bound"),
    ),
    "person who is only asked": (
        ((How.TOKEN, Subject(PERSON, "demo_chenjing")),),
        dict.fromkeys(FOR_AN_ORGANIZATION, "not_bound"),
    ),
    "person known by a bank card": (
        ((How.UNIONPAY, Subject(PERSON, "demo_hewei")),),
        dict.fromkeys(FOR_AN_ORGANIZATION, "sign_in_as_person"),
    ),
    "operator without the grant": (
        ((How.TOKEN, Subject(PERSON, "demo_hewei")),),
        {**dict.fromkeys(AS_OPERATOR), Act.CONFIRM_REFUND: "not_granted"},
    ),
    "operator by the phone on record": (
        ((How.SMS_CODE, Subject(PERSON, "demo_hewei")),),
        {**dict.fromkeys(AS_OPERATOR), Act.CONFIRM_REFUND: "not_granted"},
    ),
    "primary contact with the grant": (
        ((How.TOKEN, Subject(PERSON, "demo_sunli")),),
        dict.fromkeys(FOR_AN_ORGANIZATION),
    ),
    "organization's account": (
        ((How.TOKEN, Subject(ORGANIZATION, REN)),),
        dict.fromkeys(FOR_AN_ORGANIZATION, "sign_in_as_person"),
    ),
    "primary contact's phone": (
        ((How.SMS_CODE, Subject(ORGANIZATION, REN)),),
        dict.fromkeys(FOR_AN_ORGANIZATION, "sign_in_as_person"),
    ),
    "legal representative": (
        ((How.LIVE_PERSON, Subject(ORGANIZATION, REN)),),
        {**dict.fromkeys(AS_OPERATOR, "sign_in_as_person"), Act.CONFIRM_REFUND: None},
    ),
    "legal representative of another": (
        ((How.LIVE_PERSON, Subject(ORGANIZATION, JIA)),),
        dict.fromkeys(FOR_AN_ORGANIZATION, "sign_in_as_person"),
    ),
}


def heard(talk: Talk, question: Callable[..., object], *given: object, **more: object) -> str | None:
    try:
        talk.ask(question, **more)  # type: ignore[arg-type]
    except Refusal as refused:
        return refused.key
    return None


def prove(talk: Talk, how: How, subject: Subject) -> None:
    talk.ask(proofs.give, how=how, subject=subject)


def test_the_groups_hold_every_act_once() -> None:
    groups = (FOR_ONESELF, WITH_THE_ACCOUNT, FOR_AN_ORGANIZATION, TOLD)
    assert len(Act) == sum(map(len, groups))
    assert set(Act) == set().union(*groups)


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("kind", SubjectKind)
def test_each_proof_allows_this_and_nothing_else(how: How, kind: SubjectKind) -> None:
    assert ALLOWED.get((how, kind), set()) == {act for act in Act if authority.allows(how, kind, act)}


@pytest.mark.parametrize("role", PEOPLE)
def test_every_role_against_every_act(talk: Talk, role: str) -> None:
    proven, for_organization = PEOPLE[role]
    for how, subject in proven:
        talk.ask(proofs.give, how=how, subject=subject)
    signed_in_with_the_account = role == "organization's account"

    assert for_organization == {
        act: heard(talk, authority.require_for, act=act, account_id=REN) for act in FOR_AN_ORGANIZATION
    }
    expected = None if signed_in_with_the_account else "sign_in_as_organization"
    for act in WITH_THE_ACCOUNT:
        assert expected == heard(talk, authority.require, act=act, kind=ORGANIZATION)
    for act in FOR_ONESELF:
        may = any(subject.kind is PERSON and act in ALLOWED[how, PERSON] for how, subject in proven)
        refused = "sign_in_as_person" if signed_in_with_the_account else "proof_needed"
        assert (None if may else refused) == heard(talk, authority.require, act=act, kind=PERSON)


@pytest.mark.parametrize(
    ("person", "expected"),
    [("demo_shijun", None), ("demo_hemin", "not_granted"), ("demo_tianye", "not_bound")],
)
def test_f7_in_henan_an_operator_with_the_grant_confirms_and_nobody_else(
    talk: Talk, person: str, expected: str | None
) -> None:
    prove(talk, How.TOKEN, Subject(PERSON, person))

    assert expected == heard(talk, authority.require_for, act=Act.CONFIRM_REFUND, account_id=LUOYANG)


def test_b5_who_is_bound_to_several_chooses_and_it_is_remembered(talk: Talk) -> None:
    prove(talk, How.TOKEN, Subject(PERSON, "demo_niuhong"))
    act = Act.CONFIRM_REFUND
    assert heard(talk, acting.organization, act=act) == "which_organization"
    assert talk.ask(acting.chosen) is None

    geng, ding = (parent.account_id for parent in talk.ask(acting.choices))
    talk(acting.choose, account_id=ding)

    assert talk.ask(acting.organization, act=act).account_id == ding
    assert talk.ask(acting.chosen).account_id == ding
    talk(acting.choose, account_id=geng)
    assert talk.ask(acting.organization, act=act).account_id == geng


def test_b5_who_is_bound_to_one_need_not_choose(talk: Talk) -> None:
    prove(talk, How.TOKEN, Subject(PERSON, "demo_shijun"))

    # two, of which one granted the refund
    assert talk.ask(acting.organization, act=Act.CONFIRM_REFUND).account_id == LUOYANG
    assert heard(talk, acting.organization, act=Act.ACT_FOR_ORGANIZATION) == "which_organization"


@pytest.mark.parametrize(
    ("person", "expected"),
    [(None, "sign_in_as_person"), ("demo_tianye", "not_bound"), ("demo_hemin", "not_granted")],
)
def test_b5_who_cannot_act_hears_why(talk: Talk, person: str | None, expected: str) -> None:
    if person:
        prove(talk, How.TOKEN, Subject(PERSON, person))

    assert expected == heard(talk, acting.organization, act=Act.CONFIRM_REFUND)


def test_u9_the_legal_representative_acts_for_their_organization(talk: Talk) -> None:
    prove(talk, How.LIVE_PERSON, Subject(ORGANIZATION, JIA))

    found = talk.ask(acting.organization, act=Act.CONFIRM_REFUND, province=live_person.PROVINCE)

    assert (found.account_id, found.person_id) == (JIA, None)
    assert heard(talk, acting.organization, act=Act.CONFIRM_REFUND, province="hn") == "sign_in_as_person"
