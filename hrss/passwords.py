"""Passwords of accounts (R7): made by us, told by SMS only, kept as a slow hash."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

# No character that is mistaken for another when read off a phone.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 12

_hasher = PasswordHasher()


def one_time() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def hashed(password: str) -> str:
    return _hasher.hash(password)


def matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False
