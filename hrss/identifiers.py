"""Numbers people type: parsed once or refused, masked when shown."""

import re
import unicodedata
from datetime import date
from enum import Enum

from stdnum import luhn
from stdnum.cn import ric
from stdnum.cn import uscc as gb32100
from stdnum.exceptions import InvalidChecksum, ValidationError

from hrss.errors import (
    BankCardWrongCharacters,
    BankCardWrongCheckDigit,
    BankCardWrongLength,
    CaseNumberWrong,
    CertificateWrongBirthDate,
    CertificateWrongCheckDigit,
    CertificateWrongForm,
    OrgCodeWrongCheckDigit,
    OrgCodeWrongForm,
    PhoneNotMobile,
    PhoneWrongLength,
    ResidentIdWrongBirthDate,
    ResidentIdWrongCharacters,
    ResidentIdWrongCheckDigit,
    ResidentIdWrongLength,
    ResidentIdWrongRegion,
    SlipNumberWrong,
    UsccWrongCharacters,
    UsccWrongCheckDigit,
    UsccWrongLength,
)


class Kind(str, Enum):
    """The numbers and secrets the halls deal in."""

    RESIDENT_ID = "resident_id"  # 居民身份证
    CERTIFICATE = "certificate"  # 港澳台证件
    USCC = "uscc"  # 统一社会信用代码
    ORG_CODE = "org_code"  # 组织机构代码
    PHONE = "phone"
    BANK_CARD = "bank_card"
    SMS_CODE = "sms_code"  # 短信验证码
    PASSWORD = "password"  # noqa: S105  # the name of a kind
    SECURITY_ANSWER = "security_answer"  # 密保答案
    GRANT_CODE = "grant_code"  # 单位授权码


# GB/T 2260: the first two digits. Districts below come and go, so they prove nothing about a number.
REGIONS = frozenset(
    str(region)
    for regions in (
        range(11, 16),
        range(21, 24),
        range(31, 38),
        range(41, 47),
        range(50, 55),
        range(61, 66),
        (71,),
    )
    for region in regions
)
# 港澳台居民居住证: Hong Kong, Macau, Taiwan; otherwise built like a resident identity number.
RESIDENCE_PERMIT_REGIONS = frozenset({"81", "82", "83"})
EARLIEST_BIRTH_YEAR = 1900

HK_MACAU_PERMIT = re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?")  # 港澳居民来往内地通行证
TAIWAN_PERMIT = re.compile(r"[0-9]{8}")  # 台湾居民来往大陆通行证
PHONE_FORM = re.compile(r"(?:\+?86|0086)?(1[0-9]{10})")
ORG_CODE_FORM = re.compile(r"[0-9A-Z]{8}[0-9X]")
ORG_CODE_LENGTH = 9
ORG_CODE_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# Without 0, 1, I, L and O, which look like one another.
CASE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
GRANT_CODE = re.compile(f"[{CASE_ALPHABET}]{{8}}")
CASE_NUMBER = re.compile(f"(?:GD|HN)[{CASE_ALPHABET}]{{7}}")
SLIP_NUMBER = re.compile(f"(?:GD|HN)20[0-9]{{2}}[{CASE_ALPHABET}]{{9}}")
# What people and clipboards put between digits: spaces, zero-width characters, hyphens and dashes.
BETWEEN = " \t\n\r\u200b\u200c\u200d\u2060\ufeff\u00ad\\-\u2010-\u2015\u2212"
_BETWEEN = re.compile(f"[{BETWEEN}]+")


def normalise(text: str) -> str:
    """
    What was meant, in the one form numbers are compared and stored in.

    assert normalise(" ４４０１-0619 900307 601x") == "44010619900307601X"
    """
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def parse_resident_id(text: str) -> str:
    """GB 11643: 18 characters, a birth date that can be, the check digit."""
    number = normalise(text)
    if len(number) != 18:
        raise ResidentIdWrongLength(length=len(number))
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise ResidentIdWrongCharacters()
    if number[:2] not in REGIONS:
        raise ResidentIdWrongRegion()
    if not has_plausible_birth_date(number):
        raise ResidentIdWrongBirthDate()
    if ric.calc_check_digit(number) != number[-1]:
        raise ResidentIdWrongCheckDigit()
    return number


def parse_certificate(text: str) -> str:
    """港澳居民来往内地通行证, 台湾居民来往大陆通行证 or 港澳台居民居住证."""
    number = normalise(text)
    if HK_MACAU_PERMIT.fullmatch(number) or TAIWAN_PERMIT.fullmatch(number):
        return number
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number) or number[:2] not in RESIDENCE_PERMIT_REGIONS:
        raise CertificateWrongForm()
    if not has_plausible_birth_date(number):
        raise CertificateWrongBirthDate()
    if ric.calc_check_digit(number) != number[-1]:
        raise CertificateWrongCheckDigit()
    return number


def parse_personal_number(text: str) -> tuple[Kind, str]:
    """The number of whichever certificate of a person this looks like: a resident's, or 港澳台."""
    number = normalise(text)
    if (
        HK_MACAU_PERMIT.fullmatch(number)
        or TAIWAN_PERMIT.fullmatch(number)
        or (len(number) == 18 and number[:2] in RESIDENCE_PERMIT_REGIONS)
    ):
        return Kind.CERTIFICATE, parse_certificate(number)
    return Kind.RESIDENT_ID, parse_resident_id(number)


def parse_org_number(text: str) -> tuple[Kind, str]:
    """The code an organization's account may be keyed by: 统一社会信用代码, or 组织机构代码 as in the past."""
    if len(normalise(text)) == ORG_CODE_LENGTH:
        return Kind.ORG_CODE, parse_org_code(text)
    return Kind.USCC, parse_uscc(text)


def parse_uscc(text: str) -> str:
    """GB 32100: 18 characters without I, O, S, V, Z, and the check character."""
    code = normalise(text)
    if len(code) != 18:
        raise UsccWrongLength(length=len(code))
    try:
        return gb32100.validate(code)
    except InvalidChecksum:
        raise UsccWrongCheckDigit() from None
    except ValidationError:
        raise UsccWrongCharacters() from None


def parse_org_code(text: str) -> str:
    """GB 11714: eight characters and the check digit, with or without the hyphen."""
    code = normalise(text)
    if not ORG_CODE_FORM.fullmatch(code):
        raise OrgCodeWrongForm()
    if org_code_check_digit(code) != code[-1]:
        raise OrgCodeWrongCheckDigit()
    return code


def parse_phone(text: str) -> str:
    """A mainland mobile number: 11 digits, without the country code."""
    number = normalise(text)
    if form := PHONE_FORM.fullmatch(number):
        number = form.group(1)
    if not re.fullmatch(r"[0-9]+", number):
        raise PhoneNotMobile()
    if len(number) != 11:
        raise PhoneWrongLength(length=len(number))
    if not re.fullmatch(r"1[3-9][0-9]{9}", number):
        raise PhoneNotMobile()
    return number


def parse_bank_card(text: str) -> str:
    """16 to 19 digits with the Luhn check digit."""
    number = normalise(text)
    if not re.fullmatch(r"[0-9]+", number):
        raise BankCardWrongCharacters()
    if not 16 <= len(number) <= 19:
        raise BankCardWrongLength(length=len(number))
    if not luhn.is_valid(number):
        raise BankCardWrongCheckDigit()
    return number


def parse_case_number(text: str) -> str:
    """
    The province, six characters, the check character; people may write it with spaces and in lower case.

    assert parse_case_number("gd 7k3-q2m-k") == "GD7K3Q2MK"
    """
    number = normalise(text)
    if not CASE_NUMBER.fullmatch(number) or case_check_character(number) != number[-1]:
        raise CaseNumberWrong()
    return number


def parse_slip_number(text: str) -> str:
    """
    The province, the year, eight characters, the check character.

    assert parse_slip_number("hn2023-7k3q2m45-t") == "HN20237K3Q2M45T"
    """
    number = normalise(text)
    if not SLIP_NUMBER.fullmatch(number) or check_character(number[6:-1]) != number[-1]:
        raise SlipNumberWrong()
    return number


def case_check_character(number: str) -> str:
    """The last character of a case's number for the six before it."""
    return check_character(number[2:8])


def check_character(body: str) -> str:
    """The character that follows these: any one mistyped or any two swapped give another."""
    # The alphabet has a prime number of characters and the weights differ, so no slip cancels out.
    total = sum(CASE_ALPHABET.index(character) * weight for weight, character in enumerate(body, start=1))
    return CASE_ALPHABET[total % len(CASE_ALPHABET)]


def has_plausible_birth_date(number: str) -> bool:
    """Whether the seventh to fourteenth digit are a day since 1900."""
    try:
        born = ric.get_birth_date(number)
    except ValidationError:
        return False
    # A day of grace: somewhere it is tomorrow already.
    return born.year >= EARLIEST_BIRTH_YEAR and (born - date.today()).days <= 1


def org_code_check_digit(code: str) -> str:
    """The ninth character for the first eight, by GB 11714."""
    total = sum(
        int(character, 36) * weight for character, weight in zip(code[:8], ORG_CODE_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def mask(kind: Kind, value: str) -> str:
    """What may be shown of a value: enough for its owner to know it, too little for anyone else."""
    first, last = {
        Kind.RESIDENT_ID: (3, 4),
        Kind.CERTIFICATE: (1, 2),
        Kind.USCC: (4, 4),
        Kind.ORG_CODE: (2, 2),
        Kind.PHONE: (3, 4),
        Kind.BANK_CARD: (0, 4),
        Kind.SMS_CODE: (0, 0),
        Kind.PASSWORD: (0, 0),
        Kind.SECURITY_ANSWER: (0, 0),
        Kind.GRANT_CODE: (0, 0),
    }[kind]
    hidden = len(value) - first - last
    if hidden <= 0 or first + last == 0:
        # Neither the characters nor their number.
        return "*" * 6
    return value[:first] + "*" * hidden + value[len(value) - last :]
