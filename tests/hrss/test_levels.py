"""P2, P3, U4, U9: how well someone is known, and the ways to be known better."""

from dataclasses import replace

import jwt
import pytest

from hrss import authority, identity, identity_tokens, levels, live_person, organizations, proofs, sms_codes
from hrss.authority import Act
from hrss.errors import (
    LegalRepresentativeDiffers,
    LivePersonLocked,
    LivePersonNotRecognised,
    NoAccount,
    ProofNeeded,
    RealNameNotRaised,
    SignInAsOrganization,
    SignInAsPerson,
    UnionPayDiffers,
)
from hrss.levels import Level, Purpose, Way
from hrss.proofs import How
from hrss.settings import Settings
from hrss.subjects import Subject, SubjectKind
from tests.hrss.people import CHEN, LIN, LINS_CARD, LINS_CODE, LINS_PHONE, Talk, prove_chen, prove_contact


def prove_lin(talk: Talk) -> None:
    talk(identity.send_person_code, **LIN, phone=LINS_PHONE)
    assert talk(sms_codes.check, code=LINS_CODE).right


def level(talk: Talk, purpose: Purpose) -> Level:
    with talk.database.transaction() as session:
        return levels.of_person(session, talk.hall, talk.id, province="gd", purpose=purpose, now=talk.now)


def org_level(talk: Talk, purpose: Purpose) -> Level:
    with talk.database.transaction() as session:
        return levels.of_organization(session, talk.hall, talk.id, purpose=purpose, now=talk.now)


def test_p3_to_register_a_unit_a_person_needs_the_second_level(talk: Talk) -> None:
    prove_lin(talk)

    assert Level("未实名", "二级", False, (Way.PROVINCIAL_IDENTITY, Way.UNIONPAY)) == level(
        talk, Purpose.REGISTER_ORG
    )


def test_p3_who_has_it_needs_no_way(talk: Talk) -> None:
    prove_chen(talk)

    assert Level("二级", "二级", True, ()) == level(talk, Purpose.REGISTER_ORG)


def test_p2_there_are_three_ways_to_be_real_named(talk: Talk) -> None:
    prove_lin(talk)

    ways = level(talk, Purpose.REAL_NAME).ways
    assert ways == (Way.PROVINCIAL_IDENTITY, Way.E_SOCIAL_CARD, Way.UNIONPAY)


def test_a_level_is_its_owners_affair(talk: Talk) -> None:
    with pytest.raises(ProofNeeded):
        level(talk, Purpose.REGISTER_ORG)


def test_p2_p3_unionpay_raises_to_the_second_level(talk: Talk) -> None:
    prove_lin(talk)

    wrong = talk(
        levels.raise_person, province="gd", way=Way.UNIONPAY, card="6220000000000000016", phone=LINS_PHONE
    )
    assert isinstance(wrong.refusal, UnionPayDiffers)
    assert not level(talk, Purpose.REGISTER_ORG).enough
    assert talk(levels.raise_person, province="gd", way=Way.UNIONPAY, card=LINS_CARD, phone=LINS_PHONE).right
    assert level(talk, Purpose.REGISTER_ORG).reached == "二级"


def test_p2_the_e_social_card_raises_who_has_one(talk: Talk, new_talk: object) -> None:
    prove_lin(talk)
    assert talk(levels.raise_person, province="gd", way=Way.E_SOCIAL_CARD).right
    assert level(talk, Purpose.REGISTER_ORG).enough

    other = new_talk()
    prove_chen(other)
    assert isinstance(
        other(levels.raise_person, province="gd", way=Way.E_SOCIAL_CARD).refusal, RealNameNotRaised
    )


def test_p2_the_provincial_identity_raises_whom_it_knows(talk: Talk) -> None:
    talk(
        identity.send_person_code,
        province="gd",
        name="郭杰",
        certificate="441302198701190002",
        phone="13800138011",
    )
    talk(sms_codes.check, code="907316")
    assert not level(talk, Purpose.REGISTER_ORG).enough

    assert talk(levels.raise_person, province="gd", way=Way.PROVINCIAL_IDENTITY).right

    assert level(talk, Purpose.REGISTER_ORG).enough


def test_raising_never_lowers(talk: Talk) -> None:
    prove_lin(talk)
    talk(levels.raise_person, province="gd", way=Way.E_SOCIAL_CARD)
    talk(levels.raise_person, province="gd", way=Way.UNIONPAY, card=LINS_CARD, phone=LINS_PHONE)

    assert level(talk, Purpose.REAL_NAME).reached == "二级"


def test_someone_without_an_account_has_no_level(talk: Talk) -> None:
    prove_chen(talk)

    with pytest.raises(NoAccount), talk.database.transaction() as session:
        levels.of_person(session, talk.hall, talk.id, province="hn", purpose=Purpose.REAL_NAME, now=talk.now)


@pytest.mark.parametrize(
    ("login", "purpose", "expected"),
    [
        ("gzsljia", Purpose.ORG_LOGIN, Level("四级（L2）", "四级（L2）", True, ())),
        (
            "szsliyi",
            Purpose.REFUND_CONFIRMATION,
            Level("三级（L1）", "四级（L2）", False, (Way.BANK_CERTIFICATE, Way.E_BUSINESS_LICENSE)),
        ),
        (
            "fsbingzhizao",
            Purpose.ORG_LOGIN,
            Level(
                "未认证",
                "四级（L2）",
                False,
                (Way.LEGAL_ENTITY_CHECK, Way.BANK_CERTIFICATE, Way.E_BUSINESS_LICENSE),
            ),
        ),
        ("gzsljia", Purpose.DEMANDING_SYSTEM, Level("四级（L2）", "L3", False, (Way.GUIDED_UPGRADE,))),
        ("dgsliwu", Purpose.DEMANDING_SYSTEM, Level("L3", "L3", True, ())),
    ],
)
def test_u4_an_organization_logged_in_hears_what_it_lacks(
    talk: Talk, settings: Settings, login: str, purpose: Purpose, expected: Level
) -> None:
    seconds = int(talk.now.timestamp())
    claims = {
        "sub": login,
        "role": "organization",
        "province": "gd",
        "iss": "hall",
        "aud": "hrss-assistant",
        "iat": seconds,
        "exp": seconds + 60,
    }
    ours = replace(settings, identity_key="s" * 40)
    with talk.database.transaction() as session:
        token = jwt.encode(claims, "s" * 40, "HS256")
        identity_tokens.sign_in(session, ours, talk.id, token=token, now=talk.now)

    assert expected == org_level(talk, purpose)


def test_u4_the_primary_contact_may_ask_too(talk: Talk) -> None:
    prove_contact(talk)

    assert org_level(talk, Purpose.ORG_LOGIN).enough


JIA, DING = "demo_91440101MA00000156", "demo_91440700MA0000040A"
ZHONGS_CERTIFICATE, PENGS_CERTIFICATE = "440783196807300003", "440402199605140004"


def sign_in_as(talk: Talk, account_id: str) -> None:
    talk.ask(proofs.give, how=How.TOKEN, subject=Subject(SubjectKind.ORGANIZATION, account_id))


def test_u9_the_legal_representative_may_confirm_the_refund(talk: Talk) -> None:
    sign_in_as(talk, JIA)
    assert talk(live_person.check, certificate=ZHONGS_CERTIFICATE).right

    assert talk.ask(authority.require_for, act=Act.CONFIRM_REFUND, account_id=JIA).person_id is None
    with pytest.raises(SignInAsPerson):
        talk.ask(authority.require_for, act=Act.VERIFY_GRANT_CODE, account_id=JIA)


def test_u9_it_begins_with_the_organizations_account(talk: Talk) -> None:
    with pytest.raises(SignInAsOrganization):
        talk(live_person.check, certificate=ZHONGS_CERTIFICATE)


def test_u9_the_platforms_data_must_agree_with_the_register_first(talk: Talk) -> None:
    sign_in_as(talk, DING)
    with pytest.raises(LegalRepresentativeDiffers):
        talk.ask(live_person.compare, talk.hall)
    with pytest.raises(LegalRepresentativeDiffers):
        talk(live_person.check, certificate=PENGS_CERTIFICATE)

    talk(organizations.update)  # U6: completed anew

    assert talk(live_person.check, certificate=PENGS_CERTIFICATE).right


def test_u9_anyone_else_is_not_recognised(talk: Talk) -> None:
    sign_in_as(talk, JIA)
    refusal = talk(live_person.check, certificate=CHEN["certificate"]).refusal

    assert isinstance(refusal, LivePersonNotRecognised)


def test_u9_it_can_be_tried_five_times_a_day(talk: Talk) -> None:
    sign_in_as(talk, JIA)
    for _ in range(5):
        talk(live_person.check, certificate=CHEN["certificate"])

    assert isinstance(talk(live_person.check, certificate=CHEN["certificate"]).refusal, LivePersonLocked)
