"""
Who the hall knows: people, organizations, their accounts.

What is personal is in a row's `sealed` document; its `*_lookup` columns find a row by a value without holding it.
"""

from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Moment
from hrss.tables.bindings import accepted_binding


class Person(Base):
    """A natural person (自然人), once, however many accounts they have. Sealed: the certificate number."""

    __tablename__ = "people"

    id: Mapped[str] = Column(String(32), primary_key=True)
    name: Mapped[str] = Column(String(64), nullable=False)
    certificate_type: Mapped[str] = Column(String(16), nullable=False)
    certificate_lookup: Mapped[str] = Column(String(64), nullable=False, unique=True)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)


class PersonAccount(Base):
    """
    A person's account on the platform of one province. Sealed: phone and bank card.

    One a person is the rule now; older data hold people with two, so it is no constraint.
    """

    __tablename__ = "person_accounts"
    __table_args__ = (UniqueConstraint("province", "login"),)

    id: Mapped[str] = Column(String(32), primary_key=True)
    person_id: Mapped[str] = Column(String(32), ForeignKey("people.id"), nullable=False, index=True)
    province: Mapped[str] = Column(String(8), nullable=False)
    login: Mapped[str] = Column(String(64), nullable=False)
    real_name_level: Mapped[int] = Column(Integer, nullable=False, default=0)
    phone_lookup: Mapped[str] = Column(String(64), nullable=False, index=True)
    card_lookup: Mapped[str | None] = Column(String(64), index=True)
    password_hash: Mapped[str | None] = Column(String(255))
    must_change: Mapped[bool] = Column(Boolean, nullable=False, default=False)
    registered_at: Mapped[datetime] = Column(Moment, nullable=False)
    cancelled_at: Mapped[datetime | None] = Column(Moment)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)


class SecurityAnswer(Base):
    """The answer to a security question (密保问题), as a keyed hash: nobody needs to read it."""

    __tablename__ = "security_answers"

    account_id: Mapped[str] = Column(String(32), ForeignKey("person_accounts.id"), primary_key=True)
    question: Mapped[str] = Column(String(64), primary_key=True)
    answer_lookup: Mapped[str] = Column(String(64), nullable=False)


class Organization(Base):
    """A unit (单位). Older ones have an organization code only; its codes never change."""

    __tablename__ = "organizations"
    __table_args__ = (
        UniqueConstraint("province", "uscc"),
        UniqueConstraint("province", "org_code"),
        Index("uq_organizations_province_management_code", "province", "management_code", unique=True),
    )

    id: Mapped[str] = Column(String(32), primary_key=True)
    province: Mapped[str] = Column(String(8), nullable=False)
    name: Mapped[str] = Column(String(128), nullable=False)
    uscc: Mapped[str | None] = Column(String(18))
    org_code: Mapped[str | None] = Column(String(9))
    # 单位管理码: the social-insurance agency's own number.
    management_code: Mapped[str | None] = Column(String(20))
    legal_representative: Mapped[str] = Column(String(64), nullable=False)
    is_real_name: Mapped[bool] = Column(Boolean, nullable=False, default=False)


class OrgAccount(Base):
    """The account of an organization, keyed by one of its codes."""

    __tablename__ = "org_accounts"
    __table_args__ = (UniqueConstraint("province", "login"), UniqueConstraint("province", "number"))

    id: Mapped[str] = Column(String(32), primary_key=True)
    organization_id: Mapped[str] = Column(
        String(32), ForeignKey("organizations.id"), nullable=False, index=True
    )
    province: Mapped[str] = Column(String(8), nullable=False)
    login: Mapped[str] = Column(String(64), nullable=False)
    # The code it was registered with: 统一社会信用代码, or 组织机构代码 in the past.
    number: Mapped[str] = Column(String(18), nullable=False)
    password_hash: Mapped[str | None] = Column(String(255))
    must_change: Mapped[bool] = Column(Boolean, nullable=False, default=False)
    registered_at: Mapped[datetime] = Column(Moment, nullable=False)


class PrimaryContact(Base):
    """
    The one primary contact (常用联系人) of an organization's account. Sealed: the phone.

    One of its operators, whom their binding then keeps; those of older accounts are bound to none. Once named it is
    replaced, never deleted: the database refuses that.
    """

    __tablename__ = "primary_contacts"
    __table_args__ = accepted_binding()

    account_id: Mapped[str] = Column(String(32), ForeignKey("org_accounts.id"), primary_key=True)
    person_id: Mapped[str | None] = Column(String(32))
    # None with the person; else what `accepted_binding` wants.
    binding_state: Mapped[str | None] = Column(String(16))
    name: Mapped[str] = Column(String(64), nullable=False)
    phone_lookup: Mapped[str] = Column(String(64), nullable=False)
    since: Mapped[datetime] = Column(Moment, nullable=False)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)
