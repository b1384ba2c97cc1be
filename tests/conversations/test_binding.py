"""Binding and authorisation in conversation: the organization on its page, its people on theirs (B1-B8, U2-U9)."""

from __future__ import annotations

import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from sqlalchemy import select

from hrss import demo_hall
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.systems.demo import DemoRecords
from hrss.tables import Binding, DemoInboxSms
from tests.conftest import ROOT, RunningHall
from tests.hrss.people import card, file_of
from tests.talk import Message, Person

JIA, REN, BING = "gzsljia", "hzsliren", "fsbingzhizao"
ZHOU_JIE = "周杰，440103198706150004"
LIU_YANG = {
    "id": "demo_liuyang",
    "name": "刘洋",
    "certificate": "440703197805120001",
    "accounts": [{"login": "liuyang78", "phone": "13800138022", "level": 2}],
}
# another of the same name, who is not in the way of the one above
HIS_NAMESAKE = {**LIU_YANG, "id": "demo_liuyang_2", "certificate": "440106199101010002"}
HIS_NAMESAKE["accounts"] = [{"login": "liuyang91", "phone": "13800138023", "level": 2}]


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def rows(hall: RunningHall, query: str, *given: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(hall.database_url.removeprefix("sqlite:///")) as database:
        return database.execute(query, given).fetchall()


@pytest.fixture
def hall_again(demo: RunningHall) -> Iterator[RunningHall]:
    """The demo hall in its first state, whatever a conversation before has bound and released."""
    hrss = [sys.executable, "-m", "hrss", "demo"]
    subprocess.run(hrss, cwd=ROOT, env=demo.environment, check=True, capture_output=True)
    yield demo


@pytest.fixture
def org(hall_again: RunningHall) -> Callable[[str], Person]:
    return lambda login: Person(
        hall_again.web, identity_token=hall_again.identity_token(login, role="organization")
    )


@pytest.fixture
def person(hall_again: RunningHall) -> Callable[[str], Person]:
    return lambda login: Person(hall_again.web, identity_token=hall_again.identity_token(login))


Signed = Callable[[str], Person]


@pytest.fixture
def register(hall_again: RunningHall) -> Callable[..., None]:
    """Lets a person register on the platform, and be bound where this is given."""
    settings = Settings.from_env(hall_again.environment)

    def registered(person: dict[str, Any], *, bound_to: str | None = None) -> None:
        database = Database(settings.database_url)
        business, now = Hall.open(settings, database), datetime.now(timezone.utc)
        with database.transaction() as session:
            demo_hall.register(session, business, DemoRecords(database, business.sealer), person, now)
            session.flush()
            if bound_to:
                session.merge(
                    Binding(
                        account_id=bound_to,
                        person_id=person["id"],
                        state="accepted",
                        requested_at=now,
                        accepted_at=now,
                    )
                )
        database.close()

    return registered


def upload(person: Person, data: bytes, kind: str = "image/png") -> list[Message]:
    """Send a file as the widget does."""
    boundary = secrets.token_hex(8)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: {kind}\r\n\r\n'
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    kept = person.call("POST", "uploads", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    return person._send({"client_msg_id": secrets.token_hex(8), "upload_id": kept["upload_id"]})


def pdf() -> bytes:
    return file_of(card(), "PDF")


def test_d06_a_release_is_given_up_for_another_thing_and_nothing_was_submitted(
    org: Signed, register: Callable[..., None], hall_again: RunningHall
) -> None:
    register(HIS_NAMESAKE, bound_to="demo_91440101MA00000156")
    jia = org(JIA)
    asked = text(jia.say("帮我把刘洋从公司解绑"))
    assert "刘洋" in asked
    assert {"确定解绑", "先不解绑"} <= set(jia.labels())
    switched = text(jia.say("呃先别解，我还是先申请那个授权码吧"))
    assert "已经取消" in switched
    assert "个人账号" in switched
    assert "不是用单位账号" in switched
    assert "没有提交" in text(jia.say("这么麻烦啊，那也算了，都不弄了"))
    told = text(jia.say("刚才没有给我交出去什么吧"))
    assert "没有提交任何东西" in told
    assert "刘洋" in told
    jia.say("那就好，改天再说")

    [(state,)] = rows(hall_again, "select state from bindings where person_id = 'demo_liuyang_2'")
    assert state == "accepted"


def test_d08_both_sides_of_a_binding_and_the_choice_of_the_organization(org: Signed, person: Signed) -> None:
    jia = org(JIA)
    assert "子账号信息" in text(jia.say("我登的是单位账号，要把一个同事绑进来跑业务"))
    read_back = text(jia.say(ZHOU_JIE))
    assert "周杰" in read_back
    assert "440103198706150004" not in str(jia.seen)
    sent = text(jia.say("对，发吧"))
    assert "等对方确认" in sent
    assert "还没有生效" in sent
    not_yet = text(jia.say("那他现在就能给公司办业务了吧"))
    assert "还不行" in not_yet
    assert "父账号信息" in not_yet

    zhou = person("zhoujie87")
    assert "广州示例甲贸易有限公司" in zhou.seen[-1]["text"]  # at the next visit, before anything is asked
    asked = text(zhou.say("我是周杰，同事说给我发了个绑定，在哪点同意"))
    assert "父账号信息" in asked
    assert "广州示例甲贸易有限公司" in asked
    assert "绑定完成" in text(zhou.say("同意"))
    guided = text(zhou.say("那我要替公司办事，登录的时候怎么弄"))
    assert "个人登录" in guided
    assert "广州示例甲贸易有限公司" in text(zhou.choose("广州示例甲贸易有限公司"))

    assert "已经绑好的有" in text(jia.say("他通过绑定没有"))
    history = text(jia.say("绑定记录"))
    assert "通过绑定 · 周* · 网页" in history


def test_d09_a_person_who_is_not_found_registers_and_is_bound(
    org: Signed, register: Callable[..., None]
) -> None:
    jia = org(JIA)
    assert "注册" in text(jia.say("加人的时候弹“未查型对应用户，请检查用户信息”，这啥意思，打错字了吧"))
    assert "自然人证件号码已被使用" in text(jia.say("他叫刘洋，注没注册他自己也说不清"))
    assert "个人注册" in text(jia.say("问了，真没注册过。那他要咋弄"))
    refused = text(jia.say("刘洋 440703197805120001"))
    assert "没有查到" in refused
    register(LIU_YANG)
    assert "刘洋" in text(jia.say("注册好了，再绑一次，刘洋 440703197805120001"))
    assert "等对方确认" in text(jia.say("嗯发起"))
    assert "父账号信息" in text(jia.say("他那头要点哪里"))
    jia.say("我要再绑一个同事")
    differs = text(jia.say("孙莉，440106198802290006"))
    assert "姓名" in differs
    assert "孙丽" not in differs


def test_d10_a_primary_contact_is_released_after_another_is_named(org: Signed) -> None:
    ren = org(REN)
    first = text(ren.say("孙丽不在我们这干了，把她从公司去掉"))
    assert "先设置新的常用联系人" in first
    assert "由孙丽换成何伟" in text(ren.say("那换成何伟行吗，他也绑着的"))
    changed = text(ren.say("确定换"))
    assert "已经换成何伟" in changed
    assert "孙丽" in changed  # and asks whether to release her now
    assert "已经取消和孙丽的绑定" in text(ren.say("接着解"))
    left = text(ren.say("现在名单里还剩谁"))
    assert "何伟" in left
    assert "常用联系人" in left
    assert "孙丽" not in left


def test_d11_a_grant_code_from_the_application_to_its_use(person: Signed, hall_again: RunningHall) -> None:
    he = person("hewei83")
    he.say("个人账号登录后怎么选择单位办事")
    assert "为“佛山示例丙制造有限公司”办事" in text(he.choose("佛山示例丙制造有限公司"))
    assert "实名认证" in text(he.say("办公司社保说要什么授权码，网上能弄到不"))
    assert "佛山示例丙制造有限公司" in text(he.say("现在办。91440600MA000004XY"))
    he.say("是这家，材料给你")
    he.choose("同意并上传")
    assert "材料：1 份" in text(upload(he, pdf(), "application/pdf"))
    submitted = text(he.say("提交"))
    number = submitted.split("受理编号 ")[1][:9]
    assert "社保经办机构" in submitted
    assert "1-2" not in submitted
    assert "审核中" in text(he.say("我那个授权码批了没"))
    assert "没有规定" in text(he.say("到底几天嘛"))

    approved = [sys.executable, "-m", "hrss", "cases", "approve", number, "--by", "demo_reviewer"]
    for command in (approved, [sys.executable, "-m", "hrss", "sms"]):
        subprocess.run(command, cwd=ROOT, env=hall_again.environment, check=True, capture_output=True)
    done = text(he.say("再帮我查一下进度"))
    assert "已办结" in done
    assert "授权码实名" in done
    code = sent_code(hall_again, number)
    he.choose("授权码实名")
    assert "不对" in text(he.say("22222222"))
    verified = text(he.say(code))
    assert "退出后重新登录" in verified
    assert code not in str(he.call("GET", "history?after=0"))


def sent_code(hall: RunningHall, number: str) -> str:
    settings = Settings.from_env(hall.environment)
    database = Database(settings.database_url)
    with database.reading() as session:
        sealer = Hall.open(settings, database).sealer
        told = [sealer.unseal_document(row)["text"] for row in session.scalars(select(DemoInboxSms))]
    database.close()
    [message] = [each for each in told if number in each]
    return message.split("单位授权码是")[1][:8]


def test_a_whole_story_with_three_people_on_three_sessions(
    org: Signed, person: Signed, hall_again: RunningHall
) -> None:
    """An organization binds two, grants one 稳岗返还, has its code verified, replaces its contact and releases one."""
    bing, zhou, chen = org(BING), person("zhoujie87"), person("chenjing95")
    for operator in (ZHOU_JIE, "陈静，441900199511020007"):
        bing.say("单位账号怎么发起绑定经办人")
        bing.say(operator)
        assert "等对方确认" in text(bing.choose("没问题，发起绑定"))
    zhou.say("有哪些单位要绑定我")
    assert "绑定完成" in text(zhou.choose("同意"))
    chen.say("有哪些单位要绑定我")
    chen.choose("佛山示例丙制造有限公司")  # another organization waits for her too
    assert "绑定完成" in text(chen.choose("同意"))
    again = chen.say("有哪些单位要绑定我")
    assert "惠州示例壬服饰有限公司" in text(again)
    assert "已经拒绝" in text(chen.choose("拒绝"))

    bing.say("怎样把业务的经办权限授权给经办人")
    bing.say("给周杰授权稳岗返还")
    assert "授权给周杰" in text(bing.choose("确定"))
    zhou.say("个人账号登录后怎么选择单位办事")
    assert "稳岗返还" in text(zhou.choose("佛山示例丙制造有限公司"))

    zhou.say("单位授权码怎么在网上申请")
    zhou.choose("佛山示例丙制造有限公司")
    zhou.choose("就是这些")
    zhou.choose("同意并上传")
    upload(zhou, file_of(card()))
    number = text(zhou.choose("没问题，提交")).split("受理编号 ")[1][:9]
    approved = [sys.executable, "-m", "hrss", "cases", "approve", number, "--by", "demo_reviewer"]
    for command in (approved, [sys.executable, "-m", "hrss", "sms"]):
        subprocess.run(command, cwd=ROOT, env=hall_again.environment, check=True, capture_output=True)
    zhou.say("查进度")
    zhou.choose("授权码实名")
    assert "已经实名" in text(zhou.say(f"授权码是{sent_code(hall_again, number)}"))

    bing.say("注册完单位账号要先做什么")
    bing.choose("周杰")
    assert "换成周杰" in text(bing.choose("确定更换"))
    bing.say("怎么给经办人解绑")
    bing.choose("周杰")
    assert "先设置新的常用联系人" in text(bing.seen[-2:]) + text(bing.seen[-1:])
    bing.choose("陈静")
    bing.choose("确定更换")
    assert "已经取消和周杰的绑定" in text(bing.choose("确定解绑"))
    listed = text(bing.say("谁绑定了我们单位"))
    assert "陈静" in listed
    assert "周杰" not in listed
    assert "还没有绑定" in text(zhou.say("个人账号登录后怎么选择单位办事"))
    done = text(bing.say("刚才提交了什么"))
    assert all(label in done for label in ("发起绑定", "授权业务", "设为常用联系人", "取消绑定"))

    left = rows(hall_again, "select person_id from bindings where account_id = 'demo_91440600MA000004XY'")
    assert sorted(left) == [("demo_chenjing",), ("demo_hewei",)]


def test_u6_and_u9_the_register_is_compared_before_the_living_person(org: Signed) -> None:
    ding = org("jmsliding")
    ding.say("粤信签法人实人认证怎么做")
    refused = text(ding.choose("现在开始"))
    assert "不一致" in refused
    ding.say("实名以后单位名称怎么改")
    ding.choose("信用代码")
    assert "重新注册单位账号" in text(ding.seen[-3:])
    read_back = text(ding.choose("法定代表人"))
    assert "冯涛 → 彭飞" in read_back
    assert "修改单位信息成功，请退出重新登录，刷新用户信息" in text(ding.choose("没问题，提交"))
    ding.say("粤信签法人实人认证怎么做")
    asked = text(ding.choose("现在开始"))
    assert "登记的一致" in asked
    assert "没有通过" in text(ding.say("441900199511020007"))
    assert "法人实人认证通过" in text(ding.say("440402199605140004"))


def test_whoever_is_not_signed_in_hears_which_account_to_use(hall_again: RunningHall, person: Signed) -> None:
    stranger = Person(hall_again.web)
    assert "单位账号登录" in text(stranger.say("怎么给经办人解绑"))
    refused = text(stranger.say("谁绑定了我们单位"))
    assert "单位账号" in refused
    assert "单位账号" in text(person("hewei83").say("谁绑定了我们单位"))
    # the person's own side may also be proven by the phone on record
    stranger.say("有哪些单位要绑定我")
    stranger.say("陈静 441900199511020007 13800138002")
    assert "惠州示例壬服饰有限公司" in text(stranger.say("730264"))
