"""The commands about emergency notices, for the person on call."""

import argparse
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hrss import bulletins, radar
from hrss.bulletins import Wanted
from hrss.database import Database
from hrss.tables import Bulletin
from hrss.workdays import BEIJING


def add_to(commands: Any) -> None:
    steps = commands.add_parser("bulletin", help="emergency notices, which everyone hears").add_subparsers(
        dest="step", required=True
    )
    steps.add_parser("list", help="what waits for approval, is to come, or stands")
    steps.add_parser("rises", help="what is suddenly asked far more often than usual")
    writing = steps.add_parser("write", help="write one, which another person then approves")
    writing.add_argument("text", help="in Chinese, as people should read it")
    writing.add_argument("--until", type=_moment, required=True, metavar="MOMENT", help="2026-12-01T18:00")
    writing.add_argument("--since", type=_moment, metavar="MOMENT", help="from then on; now when not given")
    writing.add_argument("--channel", help="such as web; all when not given")
    writing.add_argument("--province", help="such as gd; all when not given")
    writing.add_argument(
        "--about",
        action="append",
        default=[],
        metavar="ID",
        help="an entry or a flow before which it is repeated",
    )
    for step, told in (
        ("approve", "answer for one that another has written"),
        ("end", "take one down, at once"),
    ):
        steps.add_parser(step, help=told).add_argument("number", type=int)
    for step in ("write", "approve", "end"):
        steps.choices[step].add_argument(
            "--by", required=True, metavar="USERNAME", help="the member of staff"
        )


def run(database: Database, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.transaction() as session:
        if chosen.step == "rises":
            for rise in radar.rises(session, now):
                about = " ".join(filter(None, (rise.about.value, rise.entry)))
                yield f"{about}  {rise.times} in {radar.WINDOW}, usually {rise.usual:.1f}"
            return
        if chosen.step == "write":
            wanted = Wanted(
                text=chosen.text,
                valid_from=chosen.since or now,
                valid_until=chosen.until,
                channel=chosen.channel,
                province=chosen.province,
                about=tuple(chosen.about),
            )
            bulletins.write(session, wanted, staff=chosen.by, now=now)
        elif chosen.step == "approve":
            bulletins.approve(session, chosen.number, staff=chosen.by, now=now)
        elif chosen.step == "end":
            bulletins.end(session, chosen.number, staff=chosen.by, now=now)
        yield from (_line(each, now) for each in bulletins.open_ones(session, now))


def _line(bulletin: Bulletin, now: datetime) -> str:
    until = f"until {bulletin.valid_until.astimezone(BEIJING):%Y-%m-%dT%H:%M}"
    scope = " ".join(filter(None, (bulletin.channel, bulletin.province, *bulletin.about)))
    state = bulletins.state_of(bulletin, now).value
    return "  ".join(filter(None, (str(bulletin.id), state, until, scope, bulletin.text)))


def _moment(text: str) -> datetime:
    """A moment as it is written in China, where it names no other zone."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
