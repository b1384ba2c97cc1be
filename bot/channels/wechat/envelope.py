"""
The envelope of WeChat's callbacks: SHA-1 signatures, and AES-256-CBC around every message.

WeChat's protocol prescribes both; `tests/bot/test_wechat_codec.py` reproduces the vectors Tencent publishes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # the padding's, not the cipher's
RANDOM_BYTES = 16
LENGTH = struct.Struct("!I")


class BrokenEnvelope(Exception):
    """What came was not sealed for us, or was changed on the way."""


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  # as the protocol prescribes


def is_signed(given: str, *parts: str) -> bool:
    """Whether the signature is that of the parts, none of which may be empty; takes the same time either way."""
    return all(parts) and hmac.compare_digest(given.encode(), signature(*parts).encode())


class Envelope:
    """Opens what was sealed for one receiver (AppID or CorpID), and seals what goes back."""

    def __init__(self, token: str, aes_key: bytes, receiver: str) -> None:
        self._token = token
        self._cipher = Cipher(algorithms.AES(aes_key), modes.CBC(aes_key[:16]))
        self._receiver = receiver.encode()

    def is_plainly_signed(self, given: str, timestamp: str, nonce: str) -> bool:
        return is_signed(given, self._token, timestamp, nonce)

    def is_sealed(self, given: str, timestamp: str, nonce: str, encrypted: str) -> bool:
        return is_signed(given, self._token, timestamp, nonce, encrypted)

    def open(self, encrypted: str) -> bytes:
        try:
            sealed = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher.decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
        except ValueError:
            raise BrokenEnvelope("no base64 of whole blocks") from None
        padding = padded[-1] if padded else 0
        if not 1 <= padding <= BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise BrokenEnvelope("padding")
        content = padded[RANDOM_BYTES:-padding]
        if len(content) < LENGTH.size:
            raise BrokenEnvelope("too short")
        (length,) = LENGTH.unpack_from(content)
        message, receiver = content[LENGTH.size :][:length], content[LENGTH.size + length :]
        if len(message) != length or not hmac.compare_digest(receiver, self._receiver):
            raise BrokenEnvelope("receiver")
        return message

    def seal(self, message: bytes, *, random: bytes | None = None) -> str:
        content = (random or os.urandom(RANDOM_BYTES)) + LENGTH.pack(len(message)) + message + self._receiver
        padding = BLOCK - len(content) % BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(content + bytes([padding]) * padding) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def signed(self, timestamp: str, nonce: str, encrypted: str) -> str:
        return signature(self._token, timestamp, nonce, encrypted)
