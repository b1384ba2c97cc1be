"""
The vault: personal values people type, encrypted; everyone else sees tokens such as 〔手机#1〕.

Passwords are not stored at all: every one becomes the same token, which nothing can resolve.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hrss.errors import SessionUnknown, TokenUnknown
from hrss.identifiers import Kind, mask
from hrss.personal_data import find, offers_card
from hrss.sealing import Sealer
from hrss.settings import Settings
from hrss.tables import Conversation, VaultValue

LABELS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.RESIDENT_ID: "身份证",
        Kind.CERTIFICATE: "证件",
        Kind.PHONE: "手机",
        Kind.BANK_CARD: "银行卡",
        Kind.SMS_CODE: "验证码",
        Kind.PASSWORD: "密码",
        Kind.SECURITY_ANSWER: "密保答案",
        Kind.GRANT_CODE: "授权码",
    }
)
# Nobody needs these in a chat: typed unasked, or about to be, the person should be told.
SECRETS = frozenset({Kind.PASSWORD, Kind.SMS_CODE, Kind.BANK_CARD})
SHOWN_AGAIN = frozenset({Kind.RESIDENT_ID, Kind.CERTIFICATE, Kind.PHONE, Kind.BANK_CARD})

TOKEN = re.compile(rf"〔({'|'.join(LABELS.values())})#([1-9][0-9]{{0,8}})〕")
_KIND_OF = {label: kind for kind, label in LABELS.items()}
# The brackets of a token, and every character that normalisation (NFKC) later turns into one.
_DISARM = str.maketrans("〔〕︹︺﹝﹞", "［］［］［］")


@dataclass(frozen=True)
class Tokenised:
    """A text fit for everyone's eyes: its tokens in order, and the secrets in it that nobody asked for."""

    text: str
    tokens: tuple[str, ...]
    unasked: tuple[Kind, ...]


class Vault:
    """Keeps values for the conversation they were typed in, and gives them back to no other."""

    def __init__(self, settings: Settings) -> None:
        self._sealer = Sealer(settings)

    def tokenise(
        self, session: Session, conversation_id: str, text: str, *, asked_for: frozenset[Kind] = frozenset()
    ) -> Tokenised:
        """
        Put a token in the place of every personal value; the same value gets the same token again.

        What a person types in the shape of a token loses its brackets, so that it never stands for a value.
        """
        pieces: list[str] = []
        tokens: list[str] = []
        unasked: list[Kind] = []
        end = 0
        for finding in find(text, asked_for=asked_for):
            token = self._token_for(session, conversation_id, finding.kind, finding.value)
            pieces += [text[end : finding.start].translate(_DISARM), token]
            end = finding.end
            tokens.append(token)
            if finding.kind in SECRETS - asked_for and finding.kind not in unasked:
                unasked.append(finding.kind)
        if Kind.BANK_CARD not in unasked and offers_card(text):
            unasked.append(Kind.BANK_CARD)
        pieces.append(text[end:].translate(_DISARM))
        return Tokenised("".join(pieces), tuple(tokens), tuple(unasked))

    def resolve(self, session: Session, conversation_id: str, token: str) -> str:
        """The value a token of this conversation stands for."""
        row = self._row(session, conversation_id, token)
        if row is None:
            raise TokenUnknown()
        return self._sealer.unseal(row).decode()

    def masked(self, session: Session, conversation_id: str) -> list[tuple[str, str]]:
        """What may be shown again of the numbers typed in a conversation: their labels, and their masks, as they came."""
        rows = session.scalars(
            select(VaultValue)
            .where(
                VaultValue.conversation_id == conversation_id,
                VaultValue.kind.in_([kind.value for kind in SHOWN_AGAIN]),
            )
            .order_by(VaultValue.kind, VaultValue.number)
        )
        return [
            (LABELS[Kind(row.kind)], mask(Kind(row.kind), self._sealer.unseal(row).decode())) for row in rows
        ]

    @staticmethod
    def forget(session: Session, conversation_id: str) -> int:
        """Delete the values of a conversation; its tokens resolve to nothing from now on."""
        result = session.execute(
            delete(VaultValue)
            .where(VaultValue.conversation_id == conversation_id)
            .execution_options(synchronize_session="fetch")
        )
        return int(result.rowcount)

    def rotate(self, session: Session, batch: int = 500) -> int:
        """Encrypt values that are under older keys with the newest; 0 means that none is left."""
        return self._sealer.rotate(session, VaultValue, batch)

    def _token_for(self, session: Session, conversation_id: str, kind: Kind, value: str) -> str:
        if kind is Kind.PASSWORD:
            return _token(kind, 1)
        # One at a time in a conversation. Inserting first and retrying on the unique constraint could
        # deadlock on PostgreSQL when two messages bring the same two values in different order.
        known = session.scalar(
            select(Conversation.id).where(Conversation.id == conversation_id).with_for_update()
        )
        if known is None:
            raise SessionUnknown()
        lookup = self._sealer.lookup(conversation_id, kind.value, value)
        here = VaultValue.conversation_id == conversation_id
        number = session.scalar(select(VaultValue.number).where(here, VaultValue.lookup == lookup))
        if number is not None:
            return _token(kind, number)
        last = session.scalar(select(func.max(VaultValue.number)).where(here, VaultValue.kind == kind.value))
        number = (last or 0) + 1
        row = VaultValue(conversation_id=conversation_id, kind=kind.value, number=number, lookup=lookup)
        self._sealer.seal(row, value.encode())
        session.add(row)
        session.flush()
        return _token(kind, number)

    def _row(self, session: Session, conversation_id: str, token: str) -> VaultValue | None:
        shape = TOKEN.fullmatch(token)
        if shape is None:
            return None
        label, number = shape.groups()
        row: VaultValue | None = session.get(
            VaultValue, (conversation_id, _KIND_OF[label].value, int(number))
        )
        return row


def _token(kind: Kind, number: int) -> str:
    return f"〔{LABELS[kind]}#{number}〕"
