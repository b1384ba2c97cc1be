"""The photo appeal (上传证件照申诉) of the recovery flows: consent, the photo, the read-back, the case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from actions import proving, receipts
from actions.flow import Field, Step, ways
from hrss import appeals, conversations, photos
from hrss.attempts import Checked
from hrss.cases import Receipt
from hrss.errors import PhotoMissing
from hrss.identifiers import Kind, mask, parse_personal_number, parse_phone
from hrss.recovery import Recovered

PHONE = replace(proving.PHONE, question="utter_ask_phone_for_outcome")
OPERATOR_NAME = replace(proving.NAME, question="utter_ask_appealing_operator")


def fields(known: Mapping[str, str]) -> Iterator[Field]:
    """Yield what an appeal says."""
    if known.get("subject") == "org":
        yield proving.ORG_NUMBER
        yield proving.ORG_NAME
        yield OPERATOR_NAME
    else:
        yield proving.NAME
    yield proving.CERTIFICATE
    yield PHONE
    yield from photo(known)


def photo(known: Mapping[str, str]) -> Iterator[Field]:
    """Yield consent, then the photo: what people show is asked for only after they agreed to it."""
    yield Field("consent", choices=ways("consent"), check=_consent)
    if known.get("consent") != "no":
        yield Field("photo", ("photo",), check=_photo_is_here)


def summary(step: Step) -> dict[str, str] | None:
    """Return the read-back, with every number masked; None when there is nothing to submit."""
    values = step.run.values
    if values["consent"] == "no":
        return None
    certificate_kind, certificate = parse_personal_number(step.value("certificate"))
    of_organization = values["subject"] == "org"
    return {
        "organization": f"{values['org_name']}（{values['org_number']}）" if of_organization else "—",
        "name": values["person_name"],
        "certificate": mask(certificate_kind, certificate),
        "phone": mask(Kind.PHONE, parse_phone(step.value("phone"))),
        "photos": str(len(photos.of_conversation(step.session, step.conversation_id))),
    }


def submit(step: Step, what: Recovered) -> None:
    """Submit the appeal and say its number; without consent there is none, and the other ways are named."""
    if step.run.values["consent"] == "no":
        step.say("utter_recover_without_photo")
        return
    if step.run.values["subject"] == "org":
        appeal: Callable[..., Receipt] = appeals.by_operator
        claim = step.given(
            number="org_number",
            org_name="org_name",
            operator_name="person_name",
            operator_certificate="certificate",
            phone="phone",
        )
    else:
        appeal = appeals.by_person
        claim = step.given(name="person_name", certificate="certificate", phone="phone")
    shown = photos.of_conversation(step.session, step.conversation_id)
    receipt = step.do(appeal, what=what, province=step.province, **claim, shown=shown, key=step.key("appeal"))
    receipts.say(step, receipt)


def _consent(step: Step, value: str) -> Checked:
    conversations.record_consent(
        step.session,
        step.conversation_id,
        kind=photos.CONSENT,
        granted=value == "yes",
        text_version="1",
        now=step.now,
    )
    return Checked()


def _photo_is_here(step: Step, _: str) -> Checked:
    kept = photos.of_conversation(step.session, step.conversation_id)
    return Checked() if kept else Checked(PhotoMissing())
