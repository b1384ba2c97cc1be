"""How far the messages of each customer-service account (微信客服) have been read."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss.tables import WechatCursor


def current(session: Session, open_kfid: str) -> str:
    """Where to read on; empty at the very beginning."""
    row = session.get(WechatCursor, open_kfid)
    return str(row.cursor) if row else ""


def move(session: Session, open_kfid: str, cursor: str, *, now: datetime) -> None:
    session.merge(WechatCursor(open_kfid=open_kfid, cursor=cursor, read_at=now))
    session.flush()
