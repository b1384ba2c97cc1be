"""
Short-lived tokens by which the host page tells who has logged in there.

Claims: `sub` (the login of the account there), `role` ("person" or "organization"), `province`, `iss`, `aud`, `iat`,
`exp`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import accounts, proofs
from hrss.errors import IdentityDiffers, IdentityTokenExpired, IdentityTokenInvalid
from hrss.proofs import How
from hrss.settings import Settings
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Conversation, OrgAccount, Person, PersonAccount

LONGEST_LIFE = timedelta(minutes=10)
CLOCKS_DIFFER = timedelta(seconds=30)
ACCOUNTS = (SubjectKind.PERSON, SubjectKind.ORGANIZATION)
CLAIMS = ("sub", "role", "province", "iss", "aud", "iat", "exp")


@dataclass(frozen=True)
class Claims:
    sub: str
    role: SubjectKind
    province: str


def read(settings: Settings, token: str, *, now: datetime) -> Claims:
    """What a token says, if the host page signed it for us and not long ago."""
    if not settings.identity_key:
        raise IdentityTokenInvalid()
    # The key decides, never the token: with the choice left to the token, a public key could be
    # used as the secret of an HS256 signature.
    algorithm = "RS256" if settings.identity_key.startswith("-----BEGIN") else "HS256"
    try:
        claims = jwt.decode(
            token,
            settings.identity_key,
            algorithms=[algorithm],
            audience=settings.identity_audience,
            issuer=settings.identity_issuer,
            # Times are checked below, against the clock we are given.
            options={"require": list(CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        issued, expires = (_moment(claims[name], now) for name in ("iat", "exp"))
        read = Claims(str(claims["sub"]), SubjectKind(claims["role"]), str(claims["province"]))
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
        raise IdentityTokenInvalid() from None
    if read.role not in ACCOUNTS or expires - issued > LONGEST_LIFE or issued > now + CLOCKS_DIFFER:
        raise IdentityTokenInvalid()
    if expires <= now:
        raise IdentityTokenExpired()
    return read


@dataclass(frozen=True)
class SignedIn:
    """Whose login was taken over; `name` is as it may be shown: an organization's whole, a person's masked."""

    subject: Subject
    name: str
    province: str


def sign_in(
    session: Session, settings: Settings, conversation_id: str, *, token: str, now: datetime
) -> SignedIn:
    """
    Take over the host page's login: the conversation has proven whose it is, and is about that hall.

    A conversation belongs to one login. For another one it raises `IdentityDiffers`: what the first has said and
    proven is not for the second, who opens a conversation of their own.
    """
    claims = read(settings, token, now=now)
    signed_in = (
        _person(session, claims) if claims.role is SubjectKind.PERSON else _organization(session, claims)
    )
    if signed_in is None:
        raise IdentityTokenInvalid()
    before = proofs.signed_in(session, conversation_id)
    if before not in (None, signed_in.subject):
        raise IdentityDiffers()
    session.get(Conversation, conversation_id).province = claims.province
    proofs.give(session, conversation_id, how=How.TOKEN, subject=signed_in.subject, now=now)
    return signed_in


def _person(session: Session, claims: Claims) -> SignedIn | None:
    person = session.scalar(
        select(Person)
        .join(PersonAccount, PersonAccount.person_id == Person.id)
        .where(
            PersonAccount.province == claims.province,
            PersonAccount.login == claims.sub,
            PersonAccount.cancelled_at.is_(None),
        )
    )
    if person is None:
        return None
    return SignedIn(
        Subject(SubjectKind.PERSON, person.id), accounts.masked_name(person.name), claims.province
    )


def _organization(session: Session, claims: Claims) -> SignedIn | None:
    account = session.scalar(
        select(OrgAccount).where(OrgAccount.province == claims.province, OrgAccount.login == claims.sub)
    )
    if account is None:
        return None
    name = accounts.organization(session, account).name
    return SignedIn(Subject(SubjectKind.ORGANIZATION, account.id), name, claims.province)


def _moment(seconds: int, now: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, tz=now.tzinfo)
