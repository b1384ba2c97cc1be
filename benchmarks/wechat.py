"""
`python -m benchmarks.wechat`: how long WeChat waits for the bot's answers, people in parallel, at a bot of its own.

WeChat's side is that of the tests: it seals and signs with wechatpy, hangs up after five seconds and delivers again. What
is measured is every delivery: until the reply, or the `success` after which the answer is sent. Beside it, calls that need
no turn (the echo of the address, a forgery) are made all the while: they show whether turns hold up the server.

    --turns N     in all (200)
    --people N    who talk at the same time (40)
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from benchmarks.understanding.questions import measuring
from bot.channels.wechat.envelope import signature
from hrss.database import Database
from hrss.tables import WechatDelivery
from hrss.wechat_deliveries import AT_MOST
from tests.faults.talking import eventually
from tests.wechat.api import FakeApi
from tests.wechat.side import Account, Citizen, in_parallel
from tests.wechat.standing import account_of, standing


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--people", type=int, default=40)
    wanted = parser.parse_args(arguments)
    api = FakeApi()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder), api) as hall:
        account = account_of(hall, api)
        first = Citizen(account)
        first.ask("你好")  # nobody's first question is timed
        account.answers.clear()
        people = [Citizen(account) for _ in range(wanted.people)]
        meanwhile = talk(account, people, wanted.turns)
        database = Database(hall.database_url)
        eventually(lambda: said(database)[0] == wanted.turns + 1)
        _, out = said(database)
        eventually(lambda: len(seen([*people, first], api)) >= out)
        twice = len(seen([*people, first], api)) - out
    api.close()
    waited = [each.seconds for each in account.answers]
    late = sum(each.body == b"success" for each in account.answers)
    hung_up = sum(each.status is None for each in account.answers)
    print(f"{os.cpu_count()} cores; load before {before:.1f}, after {os.getloadavg()[0]:.1f}")
    print(f"{wanted.turns} messages of {wanted.people} people at the same time; all answered, {twice} twice")
    print(
        f"{len(waited)} deliveries: {late} heard success and were sent the answer, {hung_up} were hung up on"
    )
    print("WeChat waited       " + distribution(waited))
    print("echo, meanwhile     " + distribution(meanwhile["echo"]))
    print("forgery, meanwhile  " + distribution(meanwhile["forgery"]))
    return int(bool(twice or hung_up))


def said(database: Database) -> tuple[int, int]:
    """How many messages have been answered, and in how many messages: each goes out in two at most."""
    with database.reading() as session:
        parts = session.query(WechatDelivery.parts).filter(WechatDelivery.settled.is_(True)).all()
    return len(parts), sum(min(len(each or ()), AT_MOST) for (each,) in parts)


def talk(account: Account, people: Sequence[Citizen], turns: int) -> dict[str, list[float]]:
    """Have everybody say their share, one thing after the other; return how long other calls took meanwhile."""
    questions = [line["text"] for line in measuring("utterances")]
    meanwhile: dict[str, list[float]] = {"echo": [], "forgery": []}
    over = threading.Event()

    def share(number: int) -> None:
        for each in range(number, turns, len(people)):
            people[number].say(questions[each % len(questions)])

    def other_calls() -> None:
        told = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": secrets.token_hex(8)}
        signed = {**told, "signature": signature(account.token, told["timestamp"], told["nonce"])}
        query, body = account.sealed(people[0].xml("text", Content="x", MsgId="1"))
        while not over.wait(0.2):
            meanwhile["echo"].append(account.call("GET", urlencode(signed)).seconds)
            forged = query.replace("msg_signature=", "msg_signature=0")
            meanwhile["forgery"].append(account.call("POST", forged, body).seconds)

    aside = threading.Thread(target=other_calls)
    aside.start()
    try:
        in_parallel([lambda number=number: share(number) for number in range(len(people))])
    finally:
        over.set()
        aside.join()
    return meanwhile


def seen(people: Sequence[Citizen], api: FakeApi) -> list[object]:
    """All that anybody has on the screen: replies, and what was sent."""
    return [each for person in people for each in (*person.screen, *api.sent_to(person.open_id))]


def distribution(seconds: Sequence[float]) -> str:
    cuts = quantiles(seconds, n=100)
    return (
        f"median {cuts[49]:.2f} s, 95% {cuts[94]:.2f} s, 99% {cuts[98]:.2f} s, slowest {max(seconds):.2f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
