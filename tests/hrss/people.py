"""Who the tests are about, some of `words/demo_hall.yml`; how they talk to the hall, and what they show it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from hrss import conversations, dispatcher, identity, photos, sms_codes
from hrss.database import Database
from hrss.hall import Hall
from hrss.staff import Role
from hrss.tables import DemoInboxSms

CHEN: dict[str, Any] = {"province": "gd", "name": "陈静", "certificate": "441900199511020007"}
CHENS_PHONE, CHENS_CODE, CHENS_LOGIN = "13800138002", "730264", "chenjing95"
ZHAO: dict[str, Any] = {"province": "gd", "name": "赵敏", "certificate": "440606199203080009"}
ZHAOS_PHONE, ZHAOS_CARD = "13800138003", "6220000000000000016"
ZHAOS_ANSWERS = {
    "您小学班主任姓什么？": "黄",
    "您第一次工作在哪个城市？": "佛山",
    "您最喜欢的一本书叫什么？": "西游记",
}
HE: dict[str, Any] = {"province": "gd", "name": "何梅", "certificate": "440103197906050003"}
HES_PHONE, HES_CODE = "13800138008", "551208"
LIN: dict[str, Any] = {"province": "gd", "name": "林悦", "certificate": "440605199409230002"}
LINS_PHONE, LINS_CODE, LINS_CARD = "13800138010", "330471", "6220000000000000024"
NOBODY: dict[str, Any] = {"province": "gd", "name": "冯敏", "certificate": "440106199309110002"}
NOBODYS_PHONE = "13800138005"

REAL_NAMED: dict[str, Any] = {
    "province": "gd",
    "number": "91440101MA00000156",
    "org_name": "广州示例甲贸易有限公司",
}
CONTACT = {"contact_name": "王芳", "contact_phone": "13800138000"}
CONTACTS_CODE, REAL_NAMEDS_LOGIN = "482915", "gzsljia"
NOT_REAL_NAMED: dict[str, Any] = {
    "province": "gd",
    "number": "91440300MA0000023W",
    "org_name": "深圳示例乙科技有限公司",
}
OPERATOR = {
    "operator_name": "李强",
    "operator_certificate": "440304198509200006",
    "phone": "13800138001",
}


class Talk:
    """A conversation with the hall: every call is a transaction of its own, as it is for the doors."""

    def __init__(self, database: Database, hall: Hall, conversation_id: str, now: datetime) -> None:
        self.database, self.hall, self.id, self.now = database, hall, conversation_id, now
        self._keys = (f"key {number}" for number in count())

    def __call__(self, function: Callable[..., Any], *, key: str | None = None, **given: Any) -> Any:
        with self.database.transaction() as session:
            return function(
                session, self.hall, self.id, **{"key": key or next(self._keys), "now": self.now, **given}
            )

    def ask(self, function: Callable[..., Any], *leading: Any, **given: Any) -> Any:
        """Of functions that write nothing twice, and so take no key."""
        with self.database.transaction() as session:
            return function(session, *leading, self.id, **{"now": self.now, **given})

    def decide(
        self, function: Callable[..., Any], number: str, *, by: Role = Role.REVIEWER, **given: Any
    ) -> Any:
        with self.database.transaction() as session:
            return function(session, self.hall, number, staff=by.value, now=self.now, **given)

    def received_by(self, phone: str) -> list[str]:
        """What this phone has got by now, the oldest first."""
        dispatcher.dispatch(self.database, self.hall, now=self.now)
        with self.database.reading() as session:
            inbox = [
                self.hall.sealer.unseal_document(row)
                for row in session.scalars(select(DemoInboxSms).order_by(DemoInboxSms.at))
            ]
        return [message["text"] for message in inbox if message["phone"] == phone]

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)


def card(size: tuple[int, int] = (860, 540), text: str = "SPECIMEN 000000  ") -> Image.Image:
    """Something like a certificate."""
    image = Image.new("RGB", size, "#dfe9f2")
    draw = ImageDraw.Draw(image)
    for line in range(10, size[1], 60):
        draw.text((30, line), text * 3, fill="#223344", font_size=24)
    draw.rectangle((size[0] * 0.68, size[1] * 0.2, size[0] * 0.92, size[1] * 0.7), fill="#8fa3b5")
    return image


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def photo(talk: Talk) -> str:
    """A photo shown in this conversation, with consent."""
    with talk.database.transaction() as session:
        conversations.record_consent(
            session, talk.id, kind=photos.CONSENT, granted=True, text_version="1", now=talk.now
        )
        return photos.keep(session, talk.hall, talk.id, data=file_of(card()), now=talk.now)


def prove_chen(talk: Talk) -> None:
    talk(identity.send_person_code, **CHEN, phone=CHENS_PHONE)
    assert talk(sms_codes.check, code=CHENS_CODE).right


def prove_he(talk: Talk) -> None:
    talk(identity.send_person_code, **HE, phone=HES_PHONE)
    assert talk(sms_codes.check, code=HES_CODE).right


def prove_contact(talk: Talk) -> None:
    talk(identity.send_contact_code, **REAL_NAMED, **CONTACT)
    assert talk(sms_codes.check, code=CONTACTS_CODE).right
