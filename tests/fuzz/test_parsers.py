"""Whatever people send, a parser returns what it promises or refuses politely, and in time that grows with the size."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook
from PIL import Image, ImageDraw

from bot.turns import _unslashed
from faq.clean import LONGEST, clean, plain
from faq.entities import replies, values
from hrss import conversations, identifiers, identity_tokens, personal_data, pictures, spreadsheets
from hrss.database import Database
from hrss.errors import FileUnreadable, IdentifierRefusal, IdentityRefusal, PhotoRefusal
from hrss.identifiers import Kind, mask
from hrss.settings import Settings
from hrss.vault import Vault
from tests.conftest import ROOT, surroundings
from tests.fuzz.conftest import tried

PARSERS = {
    name: parse for name, parse in vars(identifiers).items() if name.startswith("parse_") and callable(parse)
}
NEAR_NUMBERS = st.text("0123456789０１９xXHMhm 　-－–\u200b+GDghn一", max_size=24)
WORDS = (
    "身份证",
    "密码是",
    "验证码",
    "卡号",
    "手机",
    "通行证",
    "〔手机#1〕",
    "https://",
    "是",
    "\n",
    "\0",
    "😀",
    "I",
)
SPOKEN = st.lists(st.sampled_from(WORDS) | NEAR_NUMBERS | st.text(max_size=8), max_size=12).map("".join)

# Numbers with true check digits, of nobody.
PLANTED = {
    "44010619900307601X": Kind.RESIDENT_ID,
    "13910006789": Kind.PHONE,
    "6212262000000731941": Kind.BANK_CARD,
}


def kind_and_value(parsed: Any) -> str:
    return parsed[1] if isinstance(parsed, tuple) else parsed


@pytest.mark.parametrize("name", PARSERS)
def test_a_number_is_parsed_to_one_form_or_refused_without_repeating_it(name: str) -> None:
    parse: Callable[[str], Any] = PARSERS[name]

    @tried(60)
    @given(text=NEAR_NUMBERS | st.text(max_size=40))
    def try_out(text: str) -> None:
        try:
            value = kind_and_value(parse(text))
        except IdentifierRefusal as refusal:
            assert all(isinstance(fact, int) for fact in refusal.facts.values())
            return
        assert kind_and_value(parse(value)) == value
        assert kind_and_value(parse(f" {value} ".lower())) == value

    try_out()


@tried(150)
@given(kind=st.sampled_from(Kind), value=st.text("0123456789X", min_size=4, max_size=19))
def test_a_mask_never_shows_a_whole_value(kind: Kind, value: str) -> None:
    shown = mask(kind, value)

    assert value not in shown
    assert "*" in shown


@tried(200)
@given(text=SPOKEN, asked=st.sets(st.sampled_from((Kind.SMS_CODE, Kind.SECURITY_ANSWER))))
def test_findings_lie_in_the_text_in_order_and_apart(text: str, asked: set[Kind]) -> None:
    found = personal_data.find(text, asked_for=frozenset(asked))

    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@tried(150)
@given(
    number=st.sampled_from(sorted(PLANTED)),
    before=st.text("请问我的是你好，。帮忙查办理\n ", max_size=20),
    after=st.text("谢谢麻烦了吗，。？\n", max_size=20),
)
def test_a_personal_number_is_found_wherever_it_stands(number: str, before: str, after: str) -> None:
    found = personal_data.find(f"{before}{number}{after}")

    assert [(each.kind, each.value) for each in found] == [(PLANTED[number], number)]


@tried(200)
@given(text=SPOKEN)
def test_cleaning_ends_is_bounded_and_leaves_nothing_to_clean(text: str) -> None:
    once = plain(text)

    assert plain(once) == once
    assert len(once) <= LONGEST
    assert clean(text) == clean(text)


@tried(150)
@given(text=SPOKEN)
def test_what_a_message_says_is_read_without_a_fault(text: str) -> None:
    assert replies(clean(text)) is not None
    assert all(value.kind and value.value for value in values(text))


@tried(150)
@given(text=st.text(max_size=30) | st.text("/／ \t\n\u3000a{", max_size=12))
@example("\u3000/restart")
@example("\u00a0 /restart")
def test_no_text_reaches_rasa_as_a_command(text: str) -> None:
    assert not _unslashed(text).lstrip().startswith("/")


# The vault, whose output is all that Rasa and the transcripts see


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.from_env(surroundings(tmp_path_factory.mktemp("vault")))


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    database.migrate()
    yield database
    database.close()


@tried(40)
@given(text=SPOKEN, number=st.sampled_from(sorted(PLANTED)), more=SPOKEN)
def test_what_is_tokenised_holds_no_value_any_more(
    settings: Settings, database: Database, text: str, number: str, more: str
) -> None:
    vault, now = Vault(settings), datetime.now(timezone.utc)
    with database.transaction() as session:
        talk = conversations.open(session, channel="web", now=now, idle=timedelta(minutes=1))
        masked = vault.tokenise(session, talk.id, f"{text}，{number}，{more}")

    assert personal_data.find(masked.text) == []
    assert number not in masked.text


# Tokens and files


@tried(100)
@given(token=st.text(max_size=80) | st.from_regex(r"\A[A-Za-z0-9_=-]{0,40}(\.[A-Za-z0-9_=-]{0,40}){2}\Z"))
def test_what_is_no_identity_token_is_refused(settings: Settings, token: str) -> None:
    with pytest.raises(IdentityRefusal):
        identity_tokens.read(replace(settings), token, now=datetime.now(timezone.utc))


def photo(kind: str) -> bytes:
    image = Image.new("RGB", (640, 420), "white")
    draw = ImageDraw.Draw(image)
    for line in range(20, 400, 24):
        draw.text((20, line), "0123456789 ABCDEFGH " * 4, fill="black")
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()


PHOTOS = {kind: photo(kind) for kind in ("JPEG", "PNG", "WEBP", "PDF")}


@tried(60)
@given(
    kind=st.sampled_from(sorted(PHOTOS)),
    cut=st.integers(0, 4000),
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=12),
    tail=st.binary(max_size=60),
)
def test_a_damaged_file_becomes_a_clean_picture_or_is_refused(
    kind: str, cut: int, changes: list[tuple[int, int]], tail: bytes
) -> None:
    data = bytearray(PHOTOS[kind])
    for place, value in changes:
        data[place % len(data)] = value
    if cut % 3 == 0:
        del data[cut:]
    try:
        picture = pictures.encoded_anew(bytes(data) + tail)
    except PhotoRefusal:
        return
    with Image.open(io.BytesIO(picture.jpeg)) as written:
        assert (written.format, written.size) == ("JPEG", (picture.width, picture.height))
        assert not written.getexif()


def workbook() -> bytes:
    book, written = Workbook(), io.BytesIO()
    for number in range(40):
        book.active.append(["统一社会信用代码", "单位名称", f"{number}.50"])
    book.save(written)
    return written.getvalue()


TABLE = workbook()


@tried(80)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(TABLE) - 1), st.integers(0, 255)), min_size=1, max_size=6)
)
@example(changes=[(TABLE.index(b"PK\x03\x04", 4) + 8, 99)])  # packed in a way nobody knows
def test_a_damaged_table_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(TABLE)
    for place, value in changes:
        data[place] = value
    file = tmp_path_factory.getbasetemp() / "table.xlsx"
    file.write_bytes(data)
    with suppress(FileUnreadable):
        assert all(cells for _, cells in spreadsheets.rows(file))


def test_guided_by_what_it_reaches_no_parser_ends_otherwise_than_it_promises(tmp_path: Path) -> None:
    """A short and always the same part of what `make fuzz` does for long."""
    pytest.importorskip("atheris")
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.guided",
        "--runs",
        "400",
        "--seed",
        "1",
        "--corpus",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 400 runs" in done.stderr


# Time

# What patterns repeat and what breaks them off: each is repeated to a long text, with and without an end that fits.
PUMPS = (
    *("1", "12 ", "1-", "1 - ", "138", "44010619900307601", "H1", "86", "+86", "0086 ", "6212 "),
    *(
        "密码",
        "密码是",
        "密码是我",
        "密码 ",
        "密码:=",
        "验证码",
        "验证码是 ",
        "验证码,,,,",
        "码是",
        "otp",
        "a",
        "A1!",
    ),
    *(
        "http://",
        "www.a",
        "〔",
        "〔手机#1",
        "〔手机#1〕",
        " ",
        "\n",
        "\u200b",
        "，",
        "通行证",
        "台湾12345678",
        "。",
    ),
    *("一", "帐号", "嘅", "\u3000", "①", "ﷺ", "的了到", "x@"),
)
SHORT, TIMES = 1_250, 8


def spent(work: Callable[[str], object], text: str, *, runs: int) -> float:
    """Return the least processor time of some runs: others on the machine do not count."""
    best = float("inf")
    for _ in range(runs):
        started = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - started)
    return best


def pumped(pump: str, length: int) -> str:
    return (pump * (length // len(pump) + 1))[:length]


@pytest.mark.parametrize(
    "work", [personal_data.find, clean, values], ids=["personal values", "cleaning", "values of a message"]
)
def test_the_time_for_a_hostile_text_grows_no_faster_than_its_length(work: Callable[[str], object]) -> None:
    work("密码是abc12345，手机13910006789")  # what is loaded once is loaded now
    slow = []
    for pump in PUMPS:
        for end in ("", "!一1"):
            short, long = pumped(pump, SHORT) + end, pumped(pump, SHORT * TIMES) + end
            # a first look, and a closer one at what looks bad: one run may be slow by accident
            if all(_grows_too_fast(work, short, long, runs) for runs in (1, 5)):
                slow.append((pump, end))

    assert slow == []


def _grows_too_fast(work: Callable[[str], object], short: str, long: str, runs: int) -> bool:
    """Eight times the text takes eight times the time where it grows evenly, 64 times where with the square."""
    return spent(work, long, runs=runs) > 3 * TIMES * max(spent(work, short, runs=runs), 0.0002)


def test_every_pattern_of_the_parsers_is_among_those_that_are_timed() -> None:
    """A new module that reads what people type should be in `work` above."""
    root = Path(identifiers.__file__).parent
    with_patterns = {path.name for path in root.glob("*.py") if "re.compile(" in path.read_text("utf-8")}

    of_people = {"identifiers.py", "personal_numbers.py", "spoken_secrets.py", "vault.py"}
    of_staff = {"money.py", "refund_import.py", "spreadsheets.py", "staff_office.py"}  # cells, names: short
    assert with_patterns <= of_people | of_staff
