"""F7: money is exact decimal. No code about it, and no column, knows floats."""

from __future__ import annotations

import ast
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Float

from hrss import regulations
from hrss.errors import MoneyWrongForm, PercentWrongForm
from hrss.money import number_shown, parse_money, parse_percent, percent, yuan
from hrss.tables import metadata
from tests.conftest import ROOT

MONEY = [
    path
    for path in sorted((ROOT / "hrss").rglob("*.py"))
    if any(
        word in path.name for word in ("refund", "money", "notices", "spreadsheets", "regulations", "base")
    )
] + sorted((ROOT / "actions").glob("*refund*.py"))


@pytest.mark.parametrize("path", MONEY, ids=lambda path: path.name)
def test_f7_no_code_about_money_knows_floats(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, (float, complex))), node.lineno
        assert not (isinstance(node, ast.Name) and node.id in ("float", "round", "sum")), node.lineno
        assert not (isinstance(node, ast.Attribute) and node.attr in ("Float", "REAL")), node.lineno
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            # a path is joined by it; of numbers it would make floats
            name = node.right.value if isinstance(node.right, ast.Constant) else node.right
            assert isinstance(name, (str, ast.JoinedStr)), node.lineno


def test_f7_no_column_is_a_float() -> None:
    floats = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Float) and table.name.startswith(("refund", "confirmation"))
    ]

    assert floats == []


def test_the_reading_clock_is_ten_seconds() -> None:
    assert timedelta(seconds=10) == regulations.READING


@pytest.mark.parametrize("given", ["0", "547361", "164208.45", "164208.40", "0.05", "1,234,567.8"])
def test_an_amount_is_shown_as_it_was_given(given: str) -> None:
    assert yuan(parse_money(given)) == given.replace(",", "")


@pytest.mark.parametrize(
    "given",
    ["", "-1", "1.234", "1e3", "NaN", "１２", "12,34", "01", "1.", ".5", "9" * 14, "12元", "0x1", "inf"],
)
def test_what_is_no_amount_is_refused(given: str) -> None:
    with pytest.raises(MoneyWrongForm):
        parse_money(given)


def test_a_rate_needs_its_sign() -> None:
    assert percent(parse_percent("0.50％")) == "0.50%"
    for given in ("0.3", "30", "100.1%", "-1%", "%", "3%%"):
        with pytest.raises(PercentWrongForm):
            parse_percent(given)


def test_a_number_of_a_spreadsheet_is_what_it_shows() -> None:
    assert number_shown("164208.45000000001") == "164208.45"
    assert number_shown("1.6420845E5") == "164208.45"
    assert number_shown("547361") == "547361"
    assert number_shown("0") == "0"
    assert Decimal(number_shown("9999999999999.9")) == Decimal("9999999999999.9")
