"""The questions by which someone proves who they are, for every flow that needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count

from actions.flow import GIVEN, Field, Step
from hrss import authority, identity, sms_codes
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.errors import IdentifierRefusal
from hrss.identifiers import parse_org_number, parse_personal_number, parse_phone
from hrss.proofs import How, Proof
from hrss.sms_codes import CodeSent

PERSON_NAME = r"[一-龥·A-Za-z .]{2,20}"

NAME = Field("person_name", ("person_name",), free=PERSON_NAME, remember=True)
CERTIFICATE = Field("certificate", ("certificate",), parse=parse_personal_number, remember=True)
PHONE = Field("phone", ("phone",), parse=parse_phone, remember=True)
ORG_NUMBER = Field("org_number", ("org_number",), parse=parse_org_number, remember=True)
ORG_NAME = Field("org_name", ("org_name",), free=r"[^〔〕]{4,40}", remember=True)
CONTACT_NAME = Field("contact_name", ("person_name",), free=PERSON_NAME)
CONTACT_PHONE = Field("contact_phone", ("phone",), parse=parse_phone)

Proven = Callable[[Step], bool]


def fields(known: Mapping[str, str], act: Act) -> Iterator[Field]:
    """Yield what proves someone by the route that they chose; nothing is asked of who has proven it already."""
    subject = known.get("subject")
    route = known.get("route") or ("primary_contact" if known.get("org_real_name") == "yes" else None)
    if subject == "person" and route == "phone":
        yield from by_phone(act)
    elif subject == "person" and route == "security_question":
        yield NAME
        yield CERTIFICATE
        yield from _security_answers(known)
    elif subject == "org" and route == "primary_contact":
        yield from by_primary_contact(act)


def by_phone(act: Act) -> Iterator[Field]:
    """Yield what proves a person by the phone on record."""
    return _by_phone(person_is_proven(act), _send_person_code)


def instead_of_login(province: str) -> Iterator[Field]:
    """Yield the same for a person of this province's hall whose login nobody can hand over, as in WeChat."""
    return _by_phone(_is_signed_in, lambda step: _send_person_code(replace(step, province=province)))


def _by_phone(settled: Proven, send: Callable[[Step], CodeSent]) -> Iterator[Field]:
    for asked in (NAME, CERTIFICATE, PHONE):
        yield replace(asked, settled=settled)
    yield _sms_code(send, settled)


def _is_signed_in(step: Step) -> bool:
    return authority.signed_in_person(step.session, step.conversation_id, now=step.now) is not None


def by_primary_contact(act: Act) -> Iterator[Field]:
    """Yield what proves an organization by its primary contact (常用联系人)."""
    signed_in = organization_is_proven(act, by=How.TOKEN)
    for asked in (ORG_NUMBER, ORG_NAME, CONTACT_NAME, CONTACT_PHONE):
        yield replace(asked, settled=signed_in)
    yield _sms_code(_send_contact_code, organization_is_proven(act))


def person_is_proven(act: Act, *, by: How | None = None) -> Proven:
    """Return whether this may be done already for the person whose certificate was given, or who else it was."""

    def is_proven(step: Step) -> bool:
        try:
            proof = identity.proven_person(
                step.session,
                step.hall,
                step.conversation_id,
                act,
                certificate=_named(step, "certificate"),
                now=step.now,
            )
        except IdentifierRefusal:
            return False  # mistyped: it is not about whom was proven before
        return _counts(proof, by)

    return is_proven


def organization_is_proven(act: Act, *, by: How | None = None) -> Proven:
    """Return the same about an organization."""

    def is_proven(step: Step) -> bool:
        try:
            proof = identity.proven_organization(
                step.session, step.conversation_id, act, number=_named(step, "org_number"), now=step.now
            )
        except IdentifierRefusal:
            return False
        return _counts(proof, by)

    return is_proven


def check_code(step: Step, code: str) -> Checked:
    return step.do(sms_codes.check, code=code, key=step.key_of_try("check"))


def code_sent(sent: CodeSent) -> dict[str, str]:
    """Return the blanks of the question for a code."""
    return {"phone": sent.phone, "minutes": str(sent.minutes)}


def _sms_code(send: Callable[[Step], CodeSent], settled: Proven) -> Field:
    return Field(
        "sms_code",
        ("sms_code",),
        prepare=lambda step: code_sent(send(step)),
        check=check_code,
        settled=settled,
        secret=True,
    )


def _named(step: Step, name: str) -> str | None:
    """Return the number that was given of whom it is about, in clear."""
    given = step.run.values.get(name) or step.run.known.get(name)
    return step.clear(given) if given and given != GIVEN else None


def _counts(proof: Proof | None, by: How | None) -> bool:
    return proof is not None and by in (None, proof.how)


def _send_person_code(step: Step) -> CodeSent:
    return step.do(
        identity.send_person_code,
        province=step.province,
        **step.given(name="person_name", certificate="certificate", phone="phone"),
        key=step.key_of_try("code"),
    )


def _send_contact_code(step: Step) -> CodeSent:
    return step.do(
        identity.send_contact_code,
        province=step.province,
        **step.given(
            number="org_number",
            org_name="org_name",
            contact_name="contact_name",
            contact_phone="contact_phone",
        ),
        key=step.key_of_try("code"),
    )


def _security_answers(known: Mapping[str, str]) -> Iterator[Field]:
    """Yield a field for every security question, one after the other: how many there are, the records know."""
    for number in count(1):
        answer = Field(
            f"security_answer_{number}",
            ("security_answer",),
            prepare=partial(_question, number),
            check=partial(_check_answers, number),
            settled=partial(_is_past_the_last, number),
            question="utter_ask_security_answer",
        )
        yield answer
        if known.get(answer.name, GIVEN) == GIVEN:
            return


def _questions(step: Step) -> tuple[str, ...]:
    return identity.security_questions(
        step.session, step.hall, province=step.province, certificate=step.value("certificate")
    )


def _is_past_the_last(number: int, step: Step) -> bool:
    return number > len(_questions(step))


def _question(number: int, step: Step) -> dict[str, str]:
    asked = _questions(step)
    return {"question": asked[number - 1], "number": str(number), "count": str(len(asked))}


def _check_answers(number: int, step: Step, last: str) -> Checked:
    """Try the answers once the last is given; wrong ones are all asked for again, for which was wrong is not told."""
    questions = _questions(step)
    if number < len(questions):
        return Checked()
    given = [*(step.value(f"security_answer_{earlier}") for earlier in range(1, number)), last]
    checked = step.do(
        identity.answer_security_questions,
        province=step.province,
        **step.given(name="person_name", certificate="certificate"),
        answers=dict(zip(questions, given)),
        key=step.key_of_try("answers"),
    )
    if not checked.right:
        forget_tries(step, "security_answer")
    return checked


def another_way(step: Step, asked: Field) -> bool:
    """After too many wrong codes or answers, ask for the route again: what was given besides is kept."""
    tried = ("sms_code", "security_answer")
    if not asked.name.startswith(tried) or step.run.values.get("subject") != "person":
        return False
    step.say("utter_recover_another_way")
    forget_tries(step, "route", *tried)
    return True


def forget_tries(step: Step, *beginnings: str) -> None:
    """Drop the answers whose names begin like this, and what was prepared for them."""
    for kept in (step.run.values, step.run.prepared):
        for name in [name for name in kept if name.startswith(beginnings)]:
            del kept[name]
