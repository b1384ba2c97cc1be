"""Keys of an account's server configuration, as WeChat's console makes them."""

from __future__ import annotations

import base64
import os
import secrets


def new_keys() -> tuple[str, str]:
    """Return a Token and an EncodingAESKey of 43 characters."""
    return secrets.token_hex(8), base64.b64encode(os.urandom(32)).decode().rstrip("=")
