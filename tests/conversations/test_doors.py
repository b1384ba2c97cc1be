"""The doors of both halls in conversation: Henan's steps and counter (H1 to H5), Guangdong's three ways (F8)."""

from __future__ import annotations

import itertools
import sqlite3

import pytest

from tests.conftest import RunningHall
from tests.talk import Message, Person

STEPS = "河南免数字证书登录要怎么申请开通（整体流程）？"
MAINTAINED, REGISTERED = "91410200MA0000912A", "91410300MA0000920A"
THREE_TIMES, TWICE_TODAY = "91410400MA0000939C", "91410500MA0000947C"
READY = "91410100MA00000311"
GUIDED = "办失业保险稳岗返还信息确认，省统一身份认证账号要达到什么可信等级？"
CONFIRM = ("稳岗返还信息确认怎么办", "单位的稳岗返还在哪里确认", "我要办稳岗返还确认")
# What is on the screens of one hall only.
OF_HENAN = ("受理岗", "待办", "免数字证书", "UK", "个人网厅", "开通单位网上服务")
OF_GUANGDONG = ("可信等级", "粤信签", "L2", "省统一身份认证", "广东")

NAMES = {"gd": "广东", "hn": "河南"}
NOWHERE = ("都不是", "找人工")


def all_labels(messages: list[Message]) -> str:
    return "\n".join(option["label"] for message in messages for option in message.get("options", ()))


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def stranger(demo: RunningHall, province: str = "hn") -> Person:
    return Person(demo.web, province=province)


def signed_in(demo: RunningHall, login: str, role: str, province: str) -> Person:
    token = demo.identity_token(login, role=role, province=province)
    return Person(demo.web, province=province, identity_token=token)


@pytest.mark.parametrize(
    ("org", "phone", "expected"),
    [
        (MAINTAINED, "13800138099", "第二步"),  # H4: with another phone nothing is known of it
        (MAINTAINED, "13800138022", "第三步"),
        (REGISTERED, "13800138023", "最后一步"),
        (REGISTERED, "13800138022", "手机号和维护时登记的经办人手机号对不上"),
        (READY, "13800138016", "都办好了"),
    ],
)
def test_h2_and_h4_an_organization_hears_at_which_step_it_stands(
    demo: RunningHall, org: str, phone: str, expected: str
) -> None:
    person = stranger(demo)
    person.say(STEPS)
    if "没有UK" in person.labels():
        person.choose("没有UK")

    said = text(person.say(f"{org} {phone}"))

    assert expected in said
    if org == READY:  # H5
        assert all(name in said for name in ("普通稳岗返还申报", "应急稳岗返还申报", "单位缓交登记申报"))
    assert phone not in str(person.seen)


def test_h1_who_has_a_usb_key_needs_no_steps(demo: RunningHall) -> None:
    person = stranger(demo)
    person.say("河南免数字证书登录之前要办哪些手续")

    said = text(person.say("我们有UK"))

    assert "插入UK" in said and "数字证书登录" in said
    assert "org_number" not in str(person.seen[-1])


def test_h5_who_wants_more_than_a_session_without_certificate_may_hears_where(demo: RunningHall) -> None:
    said = text(stranger(demo).say("河南免数字证书登录进去能办哪些业务"))

    assert all(name in said for name in ("普通稳岗返还", "应急稳岗返还", "缓交登记"))
    assert "数字证书" in said.replace("免数字证书", "")


def book(demo: RunningHall, org: str, phone: str) -> str:
    person = stranger(demo)
    person.say("河南统一社会信用代码在哪里维护")
    asked = text(person.say(f"{org} 河南示例庚商贸有限公司 李强 {phone}"))
    return asked + text(person.choose("没问题，提交")) if "没问题，提交" in person.labels() else asked


def test_h3_the_counter_is_booked_once_and_only_as_often_as_it_may(demo: RunningHall) -> None:
    booked = book(demo, MAINTAINED, "13800138031")
    assert "已登记预约" in booked and "还剩 1 次" in booked and "受理岗" in booked
    assert "13800138031" not in booked
    assert "不用重复登记" in book(demo, MAINTAINED, "13800138031")

    refused = {org: book(demo, org, "13800138032") for org in (THREE_TIMES, TWICE_TODAY, REGISTERED)}

    assert "3 次" in refused[THREE_TIMES]
    assert "2 次" in refused[TWICE_TODAY]
    assert "注册" in refused[REGISTERED]
    with sqlite3.connect(demo.folder / "hrss.db", timeout=10) as database:
        rows = database.execute("SELECT uscc, state FROM counter_bookings").fetchall()
    assert rows == [(MAINTAINED, "open")]


@pytest.mark.parametrize(
    ("login", "role", "expected"),
    [
        ("hzsliren", "organization", "可信等级已达四级（L2）"),
        ("fsbingzhizao", "organization", "法定代表人用粤信签做法人实人认证"),
        ("qyslgui", "organization", "法定代表人信息又和市场监管登记的不一致"),
        ("sunli88", "person", "有“稳岗返还”授权"),
        ("hewei83", "person", "还没有把“稳岗返还”授权给您"),
        ("zhoujie87", "person", "还没有绑定单位"),
        (None, None, "有三条路"),
    ],
)
def test_f8_guangdong_is_guided_by_the_door_that_is_open(
    demo: RunningHall, login: str | None, role: str | None, expected: str
) -> None:
    person = signed_in(demo, login, str(role), "gd") if login else stranger(demo, "gd")

    person.say(GUIDED)
    said = person.choose("现在开始")

    assert expected in text(said)
    assert {message["kind"] for message in said}.isdisjoint({"reading", "file"})


def test_f8_who_must_correct_the_legal_representative_first_is_told_how(demo: RunningHall) -> None:
    person = signed_in(demo, "qyslgui", "organization", "gd")
    person.say(GUIDED)
    person.choose("现在开始")

    said = person.choose("法人信息不一致怎么办")

    assert said[0]["entry"]["id"] == "gd.legal_face.mismatch"


WHO = [
    *(
        ("gd", login, "organization")
        for login in ("hzsliren", "fsbingzhizao", "szsliyi", "zhsliji", "qyslgui")
    ),
    *(("gd", login, "person") for login in ("sunli88", "hewei83", "zhoujie87")),
    *(("hn", login, "organization") for login in ("91410100MA00000311", "91410181MA0000074Q")),
    *(("hn", login, "person") for login in ("niuhong91", "hemin89", "tianye92")),
]


@pytest.mark.parametrize(("province", "login", "role"), WHO, ids=[f"{each[0]}-{each[1]}" for each in WHO])
def test_nobody_is_led_through_the_other_provinces_screens(
    demo: RunningHall, province: str, login: str, role: str
) -> None:
    """Through every door, and by what each of them offers first."""
    foreign = OF_HENAN if province == "gd" else OF_GUANGDONG
    for question in CONFIRM:
        person = signed_in(demo, login, role, province)
        person.say(question)
        for label in person.labels():
            if label not in NOWHERE:
                person.choose(label)

        answered = [message for message in person.seen if message["from"] == "bot"]
        after = [message for message in answered if message["seq"] > person.opened["last_seq"]]
        said = f"{text(after)}\n{all_labels(after)}"
        assert [word for word in foreign if word in said] == []
        assert NAMES["hn" if province == "gd" else "gd"] not in said
        if province == "gd":
            assert all(message["kind"] not in ("reading", "file") for message in person.seen)


@pytest.mark.parametrize(
    ("province", "question", "offered"),
    [
        ("gd", "UK登录", "有 UK 怎样登录河南单位网厅？"),
        ("gd", "稳岗返还公示以后还能改吗", "河南：公示以后还能再做稳岗返还确认吗？"),
        ("hn", "可信等级怎么升到四级", "广东：怎样把单位账号的可信等级提升到四级（L2）？"),
    ],
)
def test_what_only_the_other_hall_has_is_offered_under_its_provinces_name(
    demo: RunningHall, province: str, question: str, offered: str
) -> None:
    person = stranger(demo, province)

    person.say(question)

    assert offered in person.labels()


@pytest.mark.parametrize("province", ["gd", "hn"])
def test_who_is_asked_back_is_not_asked_for_the_province_of_the_page(
    demo: RunningHall, province: str
) -> None:
    said = stranger(demo, province).say("稳岗返还怎么办")

    assert "关于稳岗返还，您想问哪一件？" in text(said)
    assert all_labels(said).count(NAMES[province]) == 2


def test_the_words_that_tell_the_halls_apart_do_not_overlap() -> None:
    assert not any(one in other or other in one for one, other in itertools.product(OF_HENAN, OF_GUANGDONG))
