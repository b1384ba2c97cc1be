"""
Personal values at rest: sealed in their row, and found by keyed hashes.

A sealed value is authenticated with its table and primary key, so that it opens in no other row.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from hrss.settings import Settings, SettingsError
from hrss.tables import Base

NONCE_BYTES = 12


class Sealer:
    """The keys of the settings, at work: the newest seals, all of them open."""

    def __init__(self, settings: Settings) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in settings.vault_keys.items()}
        self._newest = next(iter(self._ciphers))
        self._lookup_key = settings.lookup_key

    def lookup(self, *parts: str) -> str:
        """The keyed hash that stands for these values. The first part says what they are."""
        return hmac.new(self._lookup_key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()

    def is_lookup_of(self, lookup: str, *parts: str) -> bool:
        """Whether a stored hash stands for these values; takes the same time either way."""
        return hmac.compare_digest(lookup, self.lookup(*parts))

    def seal(self, row: Any, value: bytes) -> None:
        """Put a value into a row whose primary key is set."""
        row.key_id, row.sealed = self._sealed(_place(row), value)

    def unseal(self, row: Any) -> bytes:
        cipher = self._ciphers.get(row.key_id)
        if cipher is None:
            raise SettingsError(
                f"VAULT_KEYS lacks the key {row.key_id} of stored values. Add it back, then rotate."
            )
        return cipher.decrypt(row.sealed[:NONCE_BYTES], row.sealed[NONCE_BYTES:], _place(row))

    def seal_document(self, row: Any, document: dict[str, Any]) -> None:
        self.seal(row, _written(document))

    def sealed_document(self, table: Any, key: str, document: dict[str, Any]) -> tuple[str, bytes]:
        """The same for a row that is not made yet, one of very many: the columns `key_id` and `sealed` it will have."""
        return self._sealed(_place_of(table.__table__.name, (key,)), _written(document))

    def unseal_document(self, row: Any) -> dict[str, Any]:
        return dict(json.loads(self.unseal(row)))

    def rotate(self, session: Session, table: Any, batch: int = 500) -> int:
        """Seal values that are under older keys with the newest; 0 means that none is left."""
        older = select(table).where(table.key_id != self._newest, table.sealed.is_not(None))
        # Rows another process rotates right now are its own affair.
        rows = session.scalars(older.limit(batch).with_for_update(skip_locked=True)).all()
        for row in rows:
            self.seal(row, self.unseal(row))
        session.flush()
        return len(rows)

    def _sealed(self, place: bytes, value: bytes) -> tuple[str, bytes]:
        nonce = os.urandom(NONCE_BYTES)
        return self._newest, nonce + self._ciphers[self._newest].encrypt(nonce, value, place)


def sealed_tables() -> list[Any]:
    """Every table that holds sealed values."""
    return [mapper.class_ for mapper in Base.registry.mappers if "sealed" in mapper.columns]


def _place(row: Any) -> bytes:
    mapper = inspect(type(row))
    key = mapper.primary_key_from_instance(row)
    return _place_of(mapper.local_table.name, key)


def _place_of(table: str, key: Iterable[Any]) -> bytes:
    return "\0".join(map(str, (table, *key))).encode()


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
