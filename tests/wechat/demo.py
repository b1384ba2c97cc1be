"""
`make wechat-demo`: a citizen's day in WeChat, played against the running bot; prints what the citizen sees.

The bot and its actions are started with an official account of their own; WeChat itself is played.
"""

from __future__ import annotations

import secrets
import signal
import tempfile
import time
from pathlib import Path

from tests.conftest import RunningHall
from tests.hrss.people import CHEN, CHENS_CODE, CHENS_PHONE, card, file_of
from tests.wechat.api import FakeApi
from tests.wechat.side import Citizen
from tests.wechat.standing import account_of, standing


def main() -> None:
    api = FakeApi()
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder), api) as hall:
        play(hall, api, Citizen(account_of(hall, api)))
    api.close()


def play(hall: RunningHall, api: FakeApi, citizen: Citizen) -> None:
    def shown(did: str, seen: str | None) -> None:
        seconds = citizen.account.answers[-1].seconds
        print(f"\n市民　　{did}")
        print(f"{seconds:4.1f} 秒　" + (seen.replace("\n", "\n　　　　") if seen else "（什么都没有显示）"))

    def pushed() -> None:
        for told in citizen.pushed():
            print("稍后　　" + told.replace("\n", "\n　　　　"))

    def say(text: str) -> None:
        shown(text, citizen.say(text))

    shown("［关注公众号］", citizen.event("subscribe", EventKey=""))
    say("1")
    say("单位账号的登录网址是什么")

    print("\n—— 办事的程序停了六秒：先什么都不显示，然后恰好来一条")
    actions = hall.processes["actions"]
    actions.send_signal(signal.SIGSTOP)
    shown("单位账号密码忘了", citizen.say("单位账号密码忘了"))
    time.sleep(1.5)
    actions.send_signal(signal.SIGCONT)
    pushed()

    print("\n—— 点菜单里的一项，和回复数字一样")
    menu = api.sent_to(citizen.open_id)[-1]["msgmenu"]["list"]
    entry = next(each for each in menu if "没做过" in each["content"])
    shown(f"［点“{entry['content']}”］", citizen.choose(entry["id"], entry["content"]))
    say("2")
    say("深圳示例乙科技有限公司 91440300MA0000023W")
    say("李强 440304198509200006")
    say("13800138001")

    print("\n—— 同意之前的照片不打开，同意之后才取")
    api.media["photo"] = file_of(card(), "JPEG")
    shown("［发来一张照片］", citizen.send("image", MediaId="photo", PicUrl="http://mmbiz.qpic.cn/x"))
    say("同意并上传")
    shown("［发来一张照片］", citizen.send("image", MediaId="photo", PicUrl="http://mmbiz.qpic.cn/x"))
    say("没问题，提交")
    say("查进度")

    print("\n—— 线路断了两次，微信再送，还是一次办理、一条回答")
    shown(
        "［语音］绑定微信", citizen.send("voice", MediaId="v", Recognition="绑定微信", patience=(0.05, 0.05))
    )
    say(f"{CHEN['name']} {CHEN['certificate']}")
    say(CHENS_PHONE)
    say(CHENS_CODE)
    say("1")
    say("大字")
    say("单位怎么注册账号")
    say("下一步")
    say("普通字")

    print("\n—— 主动消息用完了：答案跟着下一条回复来")
    api.refuses_always["/cgi-bin/message/custom/send"] = 45047
    actions.send_signal(signal.SIGSTOP)
    shown("解绑微信", citizen.say("解绑微信", message_id=secrets.randbits(50)))
    actions.send_signal(signal.SIGCONT)
    time.sleep(3)
    del api.refuses_always["/cgi-bin/message/custom/send"]
    say("你是机器人吗")
    say("是的")

    print("\n—— 结束以后还可以评价")
    say("结束聊天")
    say("1")
    shown("［取消关注］", citizen.event("unsubscribe"))


if __name__ == "__main__":
    main()
