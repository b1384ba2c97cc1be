from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from hrss.errors import (
    CaseNumberWrong,
    IdentifierRefusal,
    ResidentIdWrongCheckDigit,
    ResidentIdWrongLength,
)
from hrss.identifiers import (
    CASE_ALPHABET,
    REGIONS,
    Kind,
    case_check_character,
    mask,
    normalise,
    org_code_check_digit,
    parse_bank_card,
    parse_case_number,
    parse_certificate,
    parse_org_code,
    parse_org_number,
    parse_personal_number,
    parse_phone,
    parse_resident_id,
    parse_uscc,
)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), date(2026, 10, 31)))
    number = draw(st.sampled_from(sorted(REGIONS))) + draw(digits(4)) + f"{born:%Y%m%d}" + draw(digits(3))
    return number + ric.calc_check_digit(number + "0")


@st.composite
def usccs(draw: st.DrawFn) -> str:
    body = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9)
    code = draw(digits(8)) + draw(body)
    return code + uscc.calc_check_digit(code)


org_codes = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8).map(
    lambda code: code + org_code_check_digit(code)
)
phones = st.builds("1{}{}".format, st.sampled_from("3456789"), digits(9))
bank_cards = st.integers(15, 18).flatmap(digits).map(lambda card: card + luhn.calc_check_digit(card))


@st.composite
def as_typed(draw: st.DrawFn, numbers: st.SearchStrategy[str]) -> tuple[str, str]:
    """A number, and the same as someone may type it: spaces, hyphens, full width, lower case."""
    number = draw(numbers)
    typed = ""
    for character in number:
        wide = draw(st.booleans())
        between = draw(st.sampled_from(["", "", "", " ", "-", "　", "\u200b", "—"]))
        typed += (chr(ord(character) + 0xFEE0) if wide else character.lower()) + between
    return number, f" {typed}\n"


@pytest.mark.parametrize(
    ("parse", "numbers"),
    [
        (parse_resident_id, resident_ids()),
        (parse_uscc, usccs()),
        (parse_org_code, org_codes),
        (parse_phone, phones),
        (parse_bank_card, bank_cards),
    ],
)
def test_a_good_number_is_understood_however_it_is_typed(
    parse: Callable[[str], str], numbers: st.SearchStrategy[str]
) -> None:
    @given(as_typed(numbers))
    def understood(case: tuple[str, str]) -> None:
        number, typed = case
        assert number == parse(typed)

    understood()


@pytest.mark.parametrize(
    ("parse", "numbers"),
    [(parse_resident_id, resident_ids()), (parse_uscc, usccs()), (parse_bank_card, bank_cards)],
)
def test_one_wrong_digit_is_always_noticed(
    parse: Callable[[str], str], numbers: st.SearchStrategy[str]
) -> None:
    @given(numbers, st.data())
    def noticed(number: str, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(number) - 1))
        wrong = data.draw(st.sampled_from("0123456789"))
        assume(wrong != number[place])
        with pytest.raises(IdentifierRefusal):
            parse(number[:place] + wrong + number[place + 1 :])

    noticed()


@pytest.mark.parametrize(
    "parse",
    [parse_resident_id, parse_certificate, parse_uscc, parse_org_code, parse_phone, parse_bank_card],
)
def test_any_text_is_understood_or_refused(parse: Callable[[str], str]) -> None:
    @given(st.text() | st.text("0123456789XxHM -"))
    def understood_or_refused(text: str) -> None:
        try:
            assert parse(text) == normalise(parse(text))
        except IdentifierRefusal as refusal:
            assert refusal.key

    understood_or_refused()


@pytest.mark.parametrize(
    ("parse", "text", "key", "facts"),
    [
        (parse_resident_id, "4401061990010100", "resident_id_wrong_length", {"length": 16}),
        (parse_resident_id, "44010619900101001A", "resident_id_wrong_characters", {}),
        (parse_resident_id, "990106199001010013", "resident_id_wrong_region", {}),
        (parse_resident_id, "810000197906300011", "resident_id_wrong_region", {}),
        (parse_resident_id, "440106199002300013", "resident_id_wrong_birth_date", {}),
        (parse_resident_id, "440106179001010013", "resident_id_wrong_birth_date", {}),
        (parse_resident_id, "440106299001010013", "resident_id_wrong_birth_date", {}),
        (parse_resident_id, "440106199001010014", "resident_id_wrong_check_digit", {}),
        (parse_certificate, "H1234567", "certificate_wrong_form", {}),
        (parse_certificate, "440106199001010013", "certificate_wrong_form", {}),
        (parse_certificate, "810000197913300011", "certificate_wrong_birth_date", {}),
        (parse_certificate, "810000197906300012", "certificate_wrong_check_digit", {}),
        (parse_uscc, "91440101MA0000123", "uscc_wrong_length", {"length": 17}),
        (parse_uscc, "91440101MAO000123N", "uscc_wrong_characters", {}),
        (parse_uscc, "91440101MA0000124N", "uscc_wrong_check_digit", {}),
        (parse_org_code, "7121000-0", "org_code_wrong_form", {}),
        (parse_org_code, "D2143569-0", "org_code_wrong_check_digit", {}),
        (parse_phone, "1380013800", "phone_wrong_length", {"length": 10}),
        (parse_phone, "12800138000", "phone_not_mobile", {}),
        (parse_phone, "没有", "phone_not_mobile", {}),
        (parse_bank_card, "622202123456789", "bank_card_wrong_length", {"length": 15}),
        (parse_bank_card, "6222O21234567890128", "bank_card_wrong_characters", {}),
        (parse_bank_card, "6222021234567890129", "bank_card_wrong_check_digit", {}),
    ],
)
def test_a_refusal_says_what_is_wrong(
    parse: Callable[[str], str], text: str, key: str, facts: dict[str, int]
) -> None:
    with pytest.raises(IdentifierRefusal) as refused:
        parse(text)

    assert (key, facts) == (refused.value.key, refused.value.facts)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("parse", "text", "number"),
    [
        (parse_certificate, "h 1234 5678", "H12345678"),
        (parse_certificate, "M1234567801", "M1234567801"),
        (parse_certificate, "０１２３４５６７", "01234567"),
        (parse_certificate, "810000197906300011", "810000197906300011"),
        (parse_org_code, "d2143569-x", "D2143569X"),
        (parse_phone, "+86 138-0013-8000", "13800138000"),
        (parse_phone, "0086 13800138000", "13800138000"),
    ],
)
def test_numbers_are_kept_in_one_form(parse: Callable[[str], str], text: str, number: str) -> None:
    assert number == parse(text)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Kind.RESIDENT_ID, "440106199001010013", "440***********0013"),
        (Kind.PHONE, "13800138000", "138****8000"),
        (Kind.BANK_CARD, "6222021234567890128", "***************0128"),
        (Kind.CERTIFICATE, "H12345678", "H******78"),
        (Kind.SMS_CODE, "482915", "******"),
        (Kind.PASSWORD, "hunter2", "******"),
        (Kind.PHONE, "138", "******"),
    ],
)
def test_a_mask_shows_no_more_than_its_owner_needs(kind: Kind, value: str, shown: str) -> None:
    assert shown == mask(kind, value)


@given(st.sampled_from(Kind), st.text("0123456789ABX", min_size=1, max_size=20))
def test_a_mask_never_shows_the_whole_value(kind: Kind, value: str) -> None:
    assert "*" in mask(kind, value)
    assert value != mask(kind, value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("440106198802290006", Kind.RESIDENT_ID),
        ("h 0123 4567", Kind.CERTIFICATE),
        ("01234567", Kind.CERTIFICATE),
        ("810000199203150001", Kind.CERTIFICATE),
    ],
)
def test_a_personal_number_is_of_whichever_certificate_it_looks_like(text: str, kind: Kind) -> None:
    assert (kind, normalise(text)) == parse_personal_number(text)


def test_a_personal_number_that_is_neither_is_refused_as_a_residents() -> None:
    with pytest.raises(ResidentIdWrongCheckDigit):
        parse_personal_number("440106198802290007")
    with pytest.raises(ResidentIdWrongLength):
        parse_personal_number("4401061988")


@pytest.mark.parametrize(
    ("text", "kind"), [("91440101ma0000015 6", Kind.USCC), ("00000018-2", Kind.ORG_CODE)]
)
def test_an_organizations_number_is_of_either_kind(text: str, kind: Kind) -> None:
    assert (kind, normalise(text)) == parse_org_number(text)


@given(st.text(CASE_ALPHABET, min_size=6, max_size=6))
def test_a_case_number_is_read_however_it_is_written(drawn: str) -> None:
    number = f"GD{drawn}" + case_check_character(f"GD{drawn}")

    assert number == parse_case_number(f" {number[:4].lower()}-{number[4:]} ")


@pytest.mark.parametrize("text", ["", "GD", "GD0000000", "BJ2222222", "工单编号"])
def test_what_is_no_case_number_is_refused(text: str) -> None:
    with pytest.raises(CaseNumberWrong):
        parse_case_number(text)
