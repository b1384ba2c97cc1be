"""The second factor of staff: time-based codes (TOTP, RFC 6238), each good once."""

import hmac
from datetime import datetime

import pyotp

from hrss.sealing import Sealer
from hrss.tables import StaffMember

ISSUER = "HRSS"
STEP_SECONDS = 30
STEPS_OFF = 1  # a clock may be half a minute wrong


def new_secret() -> str:
    return str(pyotp.random_base32())


def address(username: str, secret: str) -> str:
    """What an authenticator app opens to take the secret over."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER))


def is_on(member: StaffMember) -> bool:
    return member.sealed is not None


def turn_on(sealer: Sealer, member: StaffMember, secret: str, code: str, now: datetime) -> bool:
    """Ask for a code at every sign-in from now on, if this one shows that the app has the secret."""
    step = _step_of(secret, code, now)
    if step is None:
        return False
    sealer.seal(member, secret.encode())
    member.code_used = step
    return True


def turn_off(member: StaffMember) -> None:
    member.sealed = member.key_id = member.code_used = None


def accepts(sealer: Sealer, member: StaffMember, code: str, now: datetime) -> bool:
    """Whether this is a code of now that was not used before; used up by the asking."""
    step = _step_of(sealer.unseal(member).decode(), code, now)
    if step is None or (member.code_used is not None and step <= member.code_used):
        return False
    member.code_used = step
    return True


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is."""
    totp, typed = pyotp.TOTP(secret), "".join(code.split())
    step = int(now.timestamp()) // STEP_SECONDS
    for near in range(step - STEPS_OFF, step + STEPS_OFF + 1):
        if hmac.compare_digest(str(totp.generate_otp(near)).encode(), typed.encode()):
            return near
    return None
