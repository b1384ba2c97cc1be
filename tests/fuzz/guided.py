"""
Coverage-guided fuzzing (atheris) of everything that reads what others send: python -m tests.fuzz.guided [--runs N]

Each input begins with a byte that chooses a parser; the rest is for it. What a parser may answer with is its result or the
refusal that it promises; anything else ends the run, and the input that did it is kept beside the corpus.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import tempfile
import zipfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import atheris

from bot.without_tensorflow import leave_out

leave_out()
INSTRUMENTED = ["hrss", "faq", "bot.channels.wechat", "defusedxml", "csv", "zipfile"]
with atheris.instrument_imports(include=INSTRUMENTED):
    from openpyxl import Workbook
    from PIL import Image

    from bot.channels.wechat.envelope import BrokenEnvelope, Envelope
    from bot.channels.wechat.hearing import _number as typed_number
    from bot.channels.wechat.messages import BrokenMessage, read_message
    from faq import manuals
    from faq.clean import clean, plain
    from faq.entities import replies, values
    from faq.mentions import mentions
    from hrss import identifiers, identity_tokens, personal_data, pictures, spreadsheets
    from hrss.errors import IdentifierRefusal, Refusal
    from hrss.settings import Settings

KEY = b"k" * 32
LONGEST = 16384
MEGABYTES_MORE = 1250
SETTINGS = Settings.from_env(
    {
        "DATABASE_URL": "sqlite://",
        "VAULT_KEYS": "k1:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        "LOOKUP_KEY": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        "CONSOLE_SECRET_KEY": "c" * 40,
        "IDENTITY_KEY": "i" * 40,
    }
)
ENVELOPE = Envelope("token", KEY, "wx0123456789")


def an_identifier(data: bytes) -> None:
    text = _text(data)
    for name, parse in vars(identifiers).items():
        if name.startswith("parse_"):
            try:
                parsed = parse(text)
            except IdentifierRefusal as refused:
                assert all(isinstance(fact, int) for fact in refused.facts.values())
                continue
            value = parsed[1] if isinstance(parsed, tuple) else parsed
            again = parse(value)
            assert (again[1] if isinstance(again, tuple) else again) == value


def a_message_of_a_person(data: bytes) -> None:
    text = _text(data)
    end = 0
    for found in personal_data.find(text):
        assert end <= found.start < found.end <= len(text)
        end = found.end
    cleaned = clean(text)
    assert plain(plain(text)) == plain(text)
    replies(cleaned)
    values(text)
    mentions(text)
    typed_number(text)


def a_message_of_wechat(data: bytes) -> None:
    try:
        assert read_message(data).key
    except BrokenMessage:
        return


def an_envelope(data: bytes) -> None:
    for sealed in (_text(data), ENVELOPE.seal(data)):
        try:
            ENVELOPE.open(sealed)
        except BrokenEnvelope:
            continue


def a_table(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        file.write(data)
        file.flush()
        _refused(lambda: list(spreadsheets.rows(Path(file.name))))


def a_picture(data: bytes) -> None:
    _refused(lambda: pictures.encoded_anew(data))


def an_identity_token(data: bytes) -> None:
    now = datetime.now(timezone.utc)
    _refused(lambda: identity_tokens.read(SETTINGS, _text(data), now=now))


def a_manual(data: bytes) -> None:
    for name in ("a.txt", "a.docx", "a.pdf"):
        try:
            manuals.sections(manuals.read(name, data))
        except manuals.ManualUnreadable:
            continue


PARSERS: tuple[Callable[[bytes], None], ...] = (
    an_identifier,
    a_message_of_a_person,
    a_message_of_wechat,
    an_envelope,
    a_table,
    a_picture,
    an_identity_token,
    a_manual,
)


def try_out(data: bytes) -> None:
    if data:
        PARSERS[data[0] % len(PARSERS)](data[1:])


def seeds() -> dict[str, bytes]:
    """Inputs to begin with, one of each kind that is read."""
    book, picture, sheet = Workbook(), Image.new("L", (64, 48), 200), io.BytesIO()
    book.active.append(["统一社会信用代码", "单位名称", "1.50"])
    book.save(sheet)
    pictured = {}
    for kind in ("JPEG", "PNG", "WEBP", "PDF"):
        picture.save(written := io.BytesIO(), kind)
        pictured[kind] = written.getvalue()
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as packed, zipfile.ZipFile(sheet) as whole:
        for name in whole.namelist():  # not compressed, so that a changed letter is a changed cell
            packed.writestr(name, whole.read(name))
    xml = (
        "<xml><ToUserName><![CDATA[a]]></ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime>"
    )
    of: dict[Callable[[bytes], None], list[bytes]] = {
        an_identifier: [b"44010619900307601X", b"91440101MA0000066E", b"13910006789", b"GD2345672"],
        a_message_of_a_person: ["密码是abc12345，手机13910006789，验证码 739158".encode(), "第2个".encode()],
        a_message_of_wechat: [
            f"{xml}<MsgType>text</MsgType><Content>好</Content><MsgId>7</MsgId></xml>".encode()
        ],
        an_envelope: [bytes(16) + b"\0\0\0\1xwx0123456789", ENVELOPE.seal(b"x").encode()],
        a_table: [sheet.getvalue(), stored.getvalue(), '统一社会信用代码,金额\n91,"1.5"\n'.encode("gb18030")],
        a_picture: list(pictured.values()),
        an_identity_token: [b"eyJhbGciOiJIUzI1NiJ9.e30.c2ln"],
        a_manual: ["一、怎么登录\n1. 打开网址\n".encode(), pictured["PDF"]],
    }
    return {
        f"{parser.__name__}-{number}": bytes([PARSERS.index(parser)]) + data
        for parser, inputs in of.items()
        for number, data in enumerate(inputs)
    }


def _refused(work: Callable[[], Any]) -> None:
    try:
        work()
    except Refusal as refused:
        assert refused.key


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    asked.add_argument("--runs", type=int, default=-1, help="end after so many inputs")
    asked.add_argument("--seconds", type=int, default=0, help="end after so long; 0 for no end")
    asked.add_argument("--seed", type=int, default=0, help="the same inputs again; 0 for others each time")
    asked.add_argument(
        "--corpus", type=Path, default=Path("var/fuzz"), help="where inputs are kept that lead on"
    )
    chosen = asked.parse_args()
    corpus = chosen.corpus / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (corpus / name).write_bytes(data)
    limits = [f"-runs={chosen.runs}", f"-max_total_time={chosen.seconds}", f"-seed={chosen.seed}"]
    # what libFuzzer takes for our peak was that of the process that started us
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    most = [f"-max_len={LONGEST}", "-timeout=20", f"-rss_limit_mb={peak + MEGABYTES_MORE}"]
    kept = [*most, f"-artifact_prefix={chosen.corpus}/"]
    atheris.Setup([sys.argv[0], *limits, *kept, str(corpus)], try_out)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
