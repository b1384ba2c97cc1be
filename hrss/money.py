"""
Money and rates: exact decimals, as someone gave them. No binary floating point comes near.

assert parse_money("164208.45") == Decimal("164208.45")
assert str(parse_money("547361")) == "547361"
assert parse_percent("30%") == Decimal("30")
"""

import re
from decimal import Context, Decimal

from hrss.errors import MoneyWrongForm, PercentWrongForm

_MONEY = re.compile(r"(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,12})(?:\.\d{1,2})?")
_PERCENT = re.compile(r"((?:0|[1-9]\d{0,2})(?:\.\d{1,4})?)[%％]")
_HUNDRED = Decimal(100)
# What a spreadsheet shows of a number; it may store 164208.45000000001 for 164208.45.
_SHOWN = Context(prec=15)


def parse_money(text: str) -> Decimal:
    """Yuan, with two decimals at most, not below zero. How many decimals were written is kept."""
    text = text.strip()
    if not _MONEY.fullmatch(text):
        raise MoneyWrongForm()
    return Decimal(text.replace(",", ""))


def parse_percent(text: str) -> Decimal:
    """A share of a hundred. The sign is demanded: 0.3 alone may mean 30% or 0.3%."""
    matched = _PERCENT.fullmatch(text.strip())
    if matched is None or Decimal(matched[1]) > _HUNDRED:
        raise PercentWrongForm()
    return Decimal(matched[1])


def number_shown(stored: str) -> str:
    """What a spreadsheet shows of a number it has stored as this text."""
    shown = _SHOWN.create_decimal(stored)
    return format(shown.normalize(_SHOWN), "f") if shown else "0"


def yuan(amount: Decimal) -> str:
    """An amount as it is shown: as it was given, never rounded."""
    return format(amount, "f")


def percent(rate: Decimal) -> str:
    return f"{rate:f}%"
