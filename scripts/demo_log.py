"""Hold conversations with the running bot over its web channel, so that the console has something to show."""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
WEB = f"http://127.0.0.1:{os.environ.get('WEB_PORT', '5005')}/webhooks/web"
PATIENCE_SECONDS = 20
# Of a hundred messages so many are subjects outside, and so many answers are rated.
OUTSIDE, RATED = 12, 30
FLOWS = (
    ["找回个人账号", "取消"],
    ["我要找回密码", "个人", "短信验证码"],
    ["查进度", "算了"],
    ["找人工", "想问一下单位地址变更怎么登记"],
)
UNHELPFUL = ("没答到点上", "看不懂")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=200)
    wanted = parser.parse_args()
    chance = random.Random(wanted.count)
    try:
        for number, (province, said) in enumerate(talks(wanted.count, chance)):
            hold(WEB, province, said, chance)
            print(f"\r{number + 1} of {wanted.count}", end="", flush=True)
    except urllib.error.URLError as error:
        print(f"\ndemo_log: the bot at {WEB} does not answer ({error}). Start it: make run", file=sys.stderr)
        return 1
    print()
    return 0


def talks(count: int, chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Yield so many conversations: the province, and what is said in it."""
    book, outside = questions(), subjects_outside()
    for _ in range(count):
        province = chance.choice(("gd", "gd", "hn"))
        yield province, lines(chance, book[province], outside)


def questions() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"gd": [], "hn": []}
    for path in sorted((ROOT / "faq" / "entries").glob("*.yml")):
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        voices = body["phrases"].values() if isinstance(body["phrases"], dict) else [body["phrases"]]
        found[path.name[:2]] += [body["question"], *(phrase for voice in voices for phrase in voice)]
    return found


def subjects_outside() -> list[str]:
    body = yaml.safe_load((ROOT / "data" / "nlu" / "out_of_scope.yml").read_text(encoding="utf-8"))
    return [line[2:] for block in body["nlu"] for line in block["examples"].splitlines() if line[:2] == "- "]


def lines(chance: random.Random, book: list[str], outside: list[str]) -> list[str]:
    if chance.random() < 0.15:
        return list(chance.choice(FLOWS))
    return [
        chance.choice(outside if chance.randrange(100) < OUTSIDE else book)
        for _ in range(chance.choice((1, 1, 2, 3)))
    ]


def hold(web: str, province: str, said: list[str], chance: random.Random) -> None:
    """Hold one conversation over the web channel at this address; of its answers some are rated."""
    opened = call(web, "POST", "session", {"province": province}, headers={"X-HRSS-Embed": "1"})
    bearer = {"Authorization": f"Bearer {opened['token']}"}
    last = opened["last_seq"]
    for text in said:
        sent = call(web, "POST", "messages", {"client_msg_id": secrets.token_hex(8), "text": text}, bearer)
        last = max(last, sent["seq"])
        answer = call(web, "GET", f"poll?after={last}&wait={PATIENCE_SECONDS}", None, bearer)
        last = max(last, answer["last_seq"])
        rateable = [message for message in answer["messages"] if message.get("entry")]
        if rateable and chance.randrange(100) < RATED:
            helpful = chance.random() < 0.75
            reason = None if helpful else chance.choice(UNHELPFUL)
            rating = {"seq": rateable[0]["seq"], "helpful": helpful, "reason": reason}
            call(web, "POST", "feedback", rating, bearer)


def call(web: str, method: str, path: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    origin = web.removesuffix("/webhooks/web")
    request = urllib.request.Request(
        f"{web}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Origin": origin, "Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS * 2) as answer:
            return dict(json.loads(answer.read() or b"{}"))
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.TOO_MANY_REQUESTS:
            raise
        # So many from one address are a crowd to the bot: it says when the next may come.
        time.sleep(int(error.headers["Retry-After"]))
        return call(web, method, path, body, headers)


if __name__ == "__main__":
    sys.exit(main())
