"""What a conversation has brought about: told truthfully to who asks whether anything was submitted."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import roster
from hrss.tables import AuditEntry

# What stands in the trail and changes nothing for anyone.
LOOKED = frozenset({"proof.given", "login.shown", "sms_code.locked", "acting.chosen"})
DID = {
    **roster.DID,
    "login.sent": "发送登录账号",
    "password.reset": "重置密码",
    "level.raised": "提升实名等级",
    "case.submitted": "提交申请",
    "case.resubmitted": "补充材料",
    "case.withdrawn": "撤回申请",
}
ANYTHING_ELSE = "办理业务"


def by_conversation(session: Session, conversation_id: str) -> tuple[tuple[datetime, str], ...]:
    """When it changed what, by a label, the oldest first; what staff did about it since is not its doing."""
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.conversation_id == conversation_id,
            AuditEntry.staff.is_(None),
            AuditEntry.did.not_in(LOOKED),
        )
        .order_by(AuditEntry.id)
    )
    return tuple((entry.at, DID.get(entry.did, ANYTHING_ELSE)) for entry in entries)
