"""
Finds the personal data in what people type.

Codes of organizations (统一社会信用代码, 组织机构代码) are public and stay. Every search looks at a bounded
neighbourhood of each place once, so the time grows with the length of the text and no faster.
"""

import unicodedata

from hrss.findings import Finding
from hrss.identifiers import Kind
from hrss.personal_numbers import certificates, numbers
from hrss.spoken_secrets import CARD_OFFERED, bare_passwords, grant_codes, sms_codes, told_passwords

__all__ = ["Finding", "find"]

# Traditional forms in the words that tell; one character for one, so that places stay true.
SIMPLIFIED = str.maketrans(
    "證驗碼號銀聯儲電話動態臺灣鄉陸為個設換賬帳舊網與單編稅業務對戶開過輸寫",
    "证验码号银联储电话动态台湾乡陆为个设换账账旧网与单编税业务对户开过输写",
)


def find(text: str, *, asked_for: frozenset[Kind] = frozenset()) -> list[Finding]:
    """
    All personal values in the text, in order and apart from each other.

    A person who was asked for an SMS code may give it in any words (她说是482915), one who was asked for a certificate
    need not say which it is (H01234567), and one who was asked a security question may use any words at all: say so
    in `asked_for`.
    """
    if Kind.SECURITY_ANSWER in asked_for and text.strip():
        # An answer to a security question may be anything, so all of it is one.
        start = len(text) - len(text.lstrip())
        answer = text.strip()
        return [Finding(Kind.SECURITY_ANSWER, start, start + len(answer), answer)]
    folded = _fold(text)
    found: list[Finding] = []
    taken = bytearray(len(folded))
    # The surest first: what one has taken, the next ones leave.
    for findings in (
        told_passwords(folded),
        numbers(folded, text),
        certificates(folded, asked_for=Kind.CERTIFICATE in asked_for),
        grant_codes(folded, asked_for),
        sms_codes(folded, asked_for),
        bare_passwords(folded),
    ):
        for finding in findings:
            if not any(taken[finding.start : finding.end]):
                taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
                found.append(finding)
    return sorted(found, key=lambda finding: finding.start)


def offers_card(text: str) -> bool:
    """Whether someone is about to give the number of their bank card (卡号我发给你), which nobody needs in a chat."""
    return bool(CARD_OFFERED.search(_fold(text)))


def _fold(text: str) -> str:
    """The text in half width and, where our words need it, simplified; every character in its old place."""
    if text.isascii():
        return text
    forms = (unicodedata.normalize("NFKC", character) for character in text)
    return "".join(form if len(form) == 1 else was for form, was in zip(forms, text, strict=True)).translate(
        SIMPLIFIED
    )
