"""The host page's login, taken over by the running bot."""

from __future__ import annotations

import pytest

from tests.conftest import RunningHall
from tests.talk import Person, Refused


def test_whoever_has_logged_in_at_the_page_is_known_from_the_first_message(demo: RunningHall) -> None:
    person = Person(demo.web, identity_token=demo.identity_token("chenjing95"))

    assert person.opened["signed_in"] == {"role": "person", "name": "陈*", "province": "gd"}
    assert [message["kind"] for message in person.seen if "陈*" in message["text"]] == ["system"]


def test_an_organizations_account_is_known_by_its_name_and_hall(demo: RunningHall) -> None:
    token = demo.identity_token("gzsljia", role="organization")
    person = Person(demo.web, province="hn", identity_token=token)

    assert person.opened["signed_in"]["name"] == "广州示例甲贸易有限公司"
    assert person.opened["signed_in"]["province"] == "gd"


def test_a_login_may_come_later_and_again_but_not_of_another(demo: RunningHall) -> None:
    person = Person(demo.web)

    signed_in = person.call("POST", "identity", {"identity_token": demo.identity_token("chenjing95")})
    assert signed_in["signed_in"]["role"] == "person"
    welcome, *_ = person.wait()  # and what waits for her
    assert (welcome["kind"], "陈*" in welcome["text"]) == ("system", True)

    assert person.call("POST", "identity", {"identity_token": demo.identity_token("chenjing95")}) == signed_in
    with pytest.raises(Refused) as another:
        person.call("POST", "identity", {"identity_token": demo.identity_token("zhaomin92")})
    assert (another.value.status, another.value.body["error"]) == (409, "identity_differs")


@pytest.mark.parametrize("token", ["", "x", 7, None])
def test_what_is_no_token_opens_nothing(demo: RunningHall, token: object) -> None:
    with pytest.raises(Refused) as refused:
        Person(demo.web).call("POST", "session", {"province": "gd", "identity_token": token})
    assert (refused.value.status, refused.value.body["error"]) == (403, "identity_token_invalid")


def test_an_old_token_and_a_strangers_token_open_nothing(demo: RunningHall) -> None:
    for changed, key in (
        ({"iat": 1, "exp": 300}, "identity_token_expired"),
        ({"aud": "another"}, "identity_token_invalid"),
        ({"sub": "nobody"}, "identity_token_invalid"),
    ):
        with pytest.raises(Refused) as refused:
            Person(demo.web, identity_token=demo.identity_token("chenjing95", **changed))
        assert (refused.value.status, refused.value.body["error"]) == (403, key)
