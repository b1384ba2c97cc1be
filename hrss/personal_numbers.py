"""Certificate, phone and card numbers in a text, however their digits are grouped. Texts come folded."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from stdnum import luhn
from stdnum.cn import ric, uscc

from hrss.findings import Finding
from hrss.identifiers import (
    BETWEEN,
    REGIONS,
    RESIDENCE_PERMIT_REGIONS,
    Kind,
    has_plausible_birth_date,
    normalise,
)

SHORTEST, LONGEST = 11, 19
SHORTEST_TOLD = 15
SEPARATOR = f"[{BETWEEN}]"
DIGIT_RUN = re.compile(f"[0-9](?:{SEPARATOR}{{0,3}}[0-9])*(?:{SEPARATOR}{{0,3}}[Xx](?![0-9A-Za-z]))?")
DIGIT_GROUP = re.compile("[0-9]+|[Xx]")
RESIDENT_ID = re.compile("[0-9]{17}[0-9X]")
PHONE = re.compile("(?:(?:00)?86)?(1[3-9][0-9]{9})")
# UnionPay and the banks' older cards have 16 to 19 digits, cards of the international networks 16.
# 91 to 93 are left out: so begin the codes of companies.
BANK_CARD = re.compile("(?:6|9[04-9])[0-9]{15,18}|[345][0-9]{15}")
URL = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)

HK_MACAU_NUMBER = re.compile(
    f"(?<![0-9A-Za-z])[HhMm](?:{SEPARATOR}?[0-9]){{8}}(?:(?:{SEPARATOR}?[0-9]){{2}})?(?![0-9A-Za-z])"
)
HK_MACAU_WORD = re.compile("通行证|回乡证|港澳|证件")
TAIWAN_NUMBER = re.compile("(?<![0-9A-Za-z.-])[0-9]{8}(?![0-9A-Za-z.-]|年)")
TAIWAN_WORD = re.compile("台胞|台湾|通行证")
DATE = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
NEIGHBOURHOOD = 12  # characters, before or behind a number, in which a word tells what it is


class Told(Enum):
    """What the words before a number say it is."""

    NOTHING = auto()
    RESIDENT_ID = auto()
    BANK_CARD = auto()
    ANOTHER_NUMBER = auto()


TELLING_WORDS = (
    (Told.RESIDENT_ID, re.compile("身份证|(?<!单位)证件号")),
    (Told.BANK_CARD, re.compile("银行卡|银联卡|储蓄卡|信用卡|卡号")),
    (
        Told.ANOTHER_NUMBER,
        re.compile("代码|税号|管理码|工单|单号|编号|案号|案件|受理号|流水|订单|业务号|社保号|公户|对公"),
    ),
)


class Group(NamedTuple):
    """Digits typed without a gap. A final X stands alone."""

    text: str
    start: int
    end: int


def numbers(text: str, typed: str) -> Iterator[Finding]:
    """
    Resident ids, residence permits, phones and bank cards.

    `typed` is the text before it was folded: an address ends at a Chinese comma, which folding makes a part of it.
    """
    addresses = bytearray(len(text))
    for address in URL.finditer(typed):
        addresses[address.start() : address.end()] = b"\1" * (address.end() - address.start())
    for run in DIGIT_RUN.finditer(text):
        matches = DIGIT_GROUP.finditer(text, run.start(), run.end())
        groups = [Group(match.group().upper(), match.start(), match.end()) for match in matches]
        first = 0
        while first < len(groups):
            in_address = bool(addresses[groups[first].start])
            count, finding = _read(text, groups[first : first + LONGEST], in_address=in_address)
            if finding:
                yield finding
            first += count


def certificates(text: str, *, asked_for: bool) -> Iterator[Finding]:
    """Permits of Hong Kong, Macau and Taiwan residents: known only by a word beside them, unless they were asked for."""
    for number, word in ((HK_MACAU_NUMBER, HK_MACAU_WORD), (TAIWAN_NUMBER, TAIWAN_WORD)):
        for match in number.finditer(text):
            start, end = match.span()
            beside = text[max(0, start - NEIGHBOURHOOD) : start] + "\n" + text[end : end + NEIGHBOURHOOD]
            value = normalise(match.group())
            if (asked_for or word.search(beside)) and not DATE.fullmatch(value):
                yield Finding(Kind.CERTIFICATE, start, end, value)


def _read(text: str, groups: list[Group], *, in_address: bool) -> tuple[int, Finding | None]:
    """What the first groups are when read together: how many, and the finding if they are personal."""
    joined: list[tuple[str, list[Group]]] = []
    number = ""
    for count, group in enumerate(groups, start=1):
        number += group.text
        if len(number) > LONGEST:
            break
        if len(number) >= SHORTEST:
            joined.append((number, groups[:count]))

    for number, together in reversed(joined):
        if resident := _resident_id(number, together):
            return len(together), resident
        if _is_uscc(text, number, together):
            return len(together), None
        if phone := _phone(text, number, together):
            return len(together), phone
        if not in_address and (card := _bank_card(text, number, together)):
            return len(together), card
    told = Told.NOTHING if in_address or not joined else _told(text, groups[0].start)
    for number, together in reversed(joined):
        if mistyped := _told_number(text, told, number, together):
            return len(together), mistyped
    return 1, None


def _resident_id(number: str, groups: list[Group]) -> Finding | None:
    if not RESIDENT_ID.fullmatch(number) or number[:2] not in REGIONS | RESIDENCE_PERMIT_REGIONS:
        return None
    if not has_plausible_birth_date(number):
        return None
    valid = ric.calc_check_digit(number) == number[-1]
    if not valid and uscc.is_valid(number):
        return None
    kind = Kind.CERTIFICATE if number[:2] in RESIDENCE_PERMIT_REGIONS else Kind.RESIDENT_ID
    return Finding(kind, groups[0].start, groups[-1].end, number, valid)


def _is_uscc(text: str, number: str, groups: list[Group]) -> bool:
    """An organization's code in nothing but digits, or in digits and a last letter."""
    if len(number) == 17:
        end = groups[-1].end
        number += text[end : end + 1]
    return len(number) == 18 and uscc.is_valid(number)


def _phone(text: str, number: str, groups: list[Group]) -> Finding | None:
    phone = PHONE.fullmatch(number)
    if phone is None:
        return None
    # 138 0013 8000, or digit by digit as dictation writes it; not the end of one number and the next's start.
    sizes = {len(group.text) for group in groups}
    if sizes != {1} and (len(groups) > 4 or 1 in sizes):
        return None
    start = groups[0].start
    if number.startswith("86") and text[start - 1 : start] == "+":
        start -= 1
    return Finding(Kind.PHONE, start, groups[-1].end, phone.group(1))


def _bank_card(text: str, number: str, groups: list[Group]) -> Finding | None:
    if not BANK_CARD.fullmatch(number) or not luhn.is_valid(number) or not _is_grouped_by_four(groups):
        return None
    start, end = groups[0].start, groups[-1].end
    if not _stands_alone(text, start, end) or _told(text, start) is Told.ANOTHER_NUMBER:
        return None
    return Finding(Kind.BANK_CARD, start, end, number)


def _told_number(text: str, told: Told, number: str, groups: list[Group]) -> Finding | None:
    """A number too wrong to be known by itself, behind a word that says what it should be."""
    start, end = groups[0].start, groups[-1].end
    if len(number) < SHORTEST_TOLD or not _stands_alone(text, start, end):
        return None
    if told is Told.RESIDENT_ID:
        return Finding(Kind.RESIDENT_ID, start, end, number, valid=False)
    if told is Told.BANK_CARD:
        return Finding(Kind.BANK_CARD, start, end, number, valid=number.isdigit() and luhn.is_valid(number))
    return None


def _is_grouped_by_four(groups: list[Group]) -> bool:
    return all(len(group.text) == 4 for group in groups[:-1])


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Not a piece of a longer code or of an amount."""
    before, behind = text[max(0, start - 2) : start], text[end : end + 2]
    return not re.search(r"[0-9A-Za-z]$|[0-9]\.$", before) and not re.match(r"[0-9A-Za-z]|\.[0-9]", behind)


def _told(text: str, start: int) -> Told:
    """What the last telling word before a number says."""
    before = text[max(0, start - NEIGHBOURHOOD) : start]
    seen = [(match.end(), told) for told, word in TELLING_WORDS for match in word.finditer(before)]
    return max(seen, key=lambda each: each[0], default=(0, Told.NOTHING))[1]
