"""SMS codes, grant codes and passwords in a text: nothing but the words around them gives them away. Texts come folded."""

import re
from collections.abc import Iterator

from hrss.findings import Finding
from hrss.identifiers import GRANT_CODE, Kind, normalise

CODE_WORD = "(?:验证码|校验码|动态码|动态密码|短信密码|短信码|随机码|(?<![0-9A-Za-z])(?:otp|sms code))"
# 码是 alone, but not in 代码是, 号码是, 授权码是.
BARE_CODE_WORD = "(?:^|(?<=[ ,。:的我个]))码[是为]"
CODE_FILLER = '[是为就到了的也:=,。 "“”「」【】\\[\\]()]{0,8}'
CODE_DIGITS = "(?P<code>[0-9]{4,8}|[0-9]{3}[ -][0-9]{3})(?![0-9A-Za-z]|[.-][0-9]|[年月日元位个分秒天次])"
CODE_BEHIND_WORD = re.compile(f"(?:{CODE_WORD}|{BARE_CODE_WORD}){CODE_FILLER}{CODE_DIGITS}", re.IGNORECASE)
CODE_BEFORE_WORD = re.compile(
    '(?<![0-9A-Za-z.-])(?P<code>[0-9]{4,8})["”」】) ,]{0,2}就?[是为]?(?:我|刚|才|收到|发来|短信|手机|的){0,4}'
    "(?:验证码|校验码|动态码|短信码)(?![是为:]? ?[0-9])"
)
CODE_ASKED_FOR = re.compile("(?<![0-9A-Za-z.-])(?P<code>[0-9]{4,8})(?![0-9A-Za-z]|[.-][0-9]|[年月日元])")
CODE_ALONE = re.compile(r"\s*(?P<code>[0-9]{6}|[0-9]{3}[ -][0-9]{3})[.。!,\s]*")

CARD_OFFERED = re.compile(
    "(?:银行卡|储蓄卡|信用卡|卡的?)号码?[^。!?;\n]{0,10}?(?:发|报|念|告[诉訴]|说|给|打)(?:给|过来|一?下)?(?:你|您|这里|上来)(?!们?(?:能|可以|会)?吗)"
)

GRANT_CODE_ALONE = f"(?<![0-9A-Za-z])(?P<code>{GRANT_CODE.pattern})(?![0-9A-Za-z])"
GRANT_CODE_ASKED_FOR = re.compile(GRANT_CODE_ALONE, re.IGNORECASE)
GRANT_CODE_BEHIND_WORD = re.compile(f"授权码{CODE_FILLER}{GRANT_CODE_ALONE}", re.IGNORECASE)

# 找回密码 zhangsan88: behind these verbs stands whose password it is, not the password.
SEEKING = "(?P<seeking>找回|忘记|忘了|忘|重置|查)?(?:我的|我|的|了)?(?:登录|登陆|账号|新|旧|原|老){0,2}"
PASSWORD_WORD = "(?:(?<!动态)(?<!短信)密码|口令|(?<![a-z])(?:password|passwd|pwd)(?![a-z]))"  # noqa: S105  # a pattern
TOLD = (
    "(?P<told> {0,3}(?:"
    "(?:应该|好像|大概|可能|现在|原来|以前|之前|一直|就|都){0,2}(?:填的|输的|输入的|用的|写的)?(?:是|为|叫)"
    "|(?:直接|已经|都|给我){0,2}(?:改|设|设置|设定|换|重置|修改)[成为的]是?了?"
    "|[:=]"
    ") {0,3}[:=]? {0,3}| {1,3}is[ :]{1,3})"
)
PASSWORD_LEAD = re.compile(f"{SEEKING}{PASSWORD_WORD}(?:{TOLD}| {{0,3}})[\"'“‘「【(]?", re.IGNORECASE)
PASSWORD_VALUE = re.compile("[!-~]+")
# A few words, then the password itself: 密码是我生日aa19900307; unless the words ask or deny.
DESCRIPTION = re.compile("[\u4e00-\u9fff]{1,8}(?=[!-~]{4})")
ASKING = re.compile("[什怎哪多几谁啥何吗不没忘错对需要必须应由从在无按]")
QUANTITY = re.compile(
    "[0-9]{1,4}(?:[-~至到][0-9]{1,4})? {0,2}[个位年月日天次分小秒元]|[0-9]{1,2}[-~][0-9]{1,2}(?![!-~])"
)
ENDING = ",;.?\"')"  # belongs to the sentence, not to the password


def sms_codes(text: str, asked_for: frozenset[Kind]) -> Iterator[Finding]:
    """One-time codes: beside a word for them, alone in a message, or anywhere once asked for."""
    patterns = [CODE_BEHIND_WORD, CODE_BEFORE_WORD]
    if Kind.SMS_CODE in asked_for:
        patterns.append(CODE_ASKED_FOR)
    matches = [match for pattern in patterns for match in pattern.finditer(text)]
    if alone := CODE_ALONE.fullmatch(text):
        matches.append(alone)
    for match in matches:
        yield Finding(Kind.SMS_CODE, *match.span("code"), normalise(match.group("code")))


def grant_codes(text: str, asked_for: frozenset[Kind]) -> Iterator[Finding]:
    """Grant codes: behind the word, or anywhere once asked for."""
    pattern = GRANT_CODE_ASKED_FOR if Kind.GRANT_CODE in asked_for else GRANT_CODE_BEHIND_WORD
    for match in pattern.finditer(text):
        yield Finding(Kind.GRANT_CODE, *match.span("code"), normalise(match.group("code")))


def told_passwords(text: str) -> Iterator[Finding]:
    """Passwords introduced as such: 密码是…, 密码改成…, password: …"""
    for lead, start in _leads(text):
        told = lead.group("told")
        if told is None:
            continue
        description = DESCRIPTION.match(text, start)
        if description and ASKING.search(description.group()):
            continue
        shortest, digit = (4, True) if "is" in told.lower() else (3, False)
        typed = _typed(
            text, description.end() if description else start, shortest=shortest, needs_digit=digit
        )
        if typed:
            yield _password(text, start, typed.end())


def bare_passwords(text: str) -> Iterator[Finding]:
    """Passwords put right behind the word: 密码abc123."""
    for lead, start in _leads(text):
        if lead.group("told") is not None or lead.group("seeking") is not None:
            continue
        if typed := _typed(text, start, shortest=4, needs_digit=True):
            yield _password(text, start, typed.end())


def _leads(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Every mention of a password, and where the password would begin."""
    end = 0
    for lead in PASSWORD_LEAD.finditer(text):
        if lead.start() < end:
            continue  # the word stands inside what was typed behind the last one
        typed = PASSWORD_VALUE.match(text, lead.end())
        end = typed.end() if typed else lead.end()
        yield lead, lead.end()


def _typed(text: str, start: int, *, shortest: int, needs_digit: bool) -> re.Match[str] | None:
    """The characters at `start` if they can be a password, and not what the sentence says about passwords."""
    typed = PASSWORD_VALUE.match(text, start)
    if typed is None or QUANTITY.match(text, start):
        return None
    characters = typed.group().rstrip(ENDING)
    telling = "[0-9]" if needs_digit else "[0-9A-Za-z]"
    return typed if len(characters) >= shortest and re.search(telling, characters) else None


def _password(text: str, start: int, end: int) -> Finding:
    value = text[start:end].rstrip(ENDING)
    return Finding(Kind.PASSWORD, start, start + len(value), value)
