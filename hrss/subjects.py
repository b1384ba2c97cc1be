"""Whom something is about."""

from dataclasses import dataclass
from enum import Enum


class SubjectKind(str, Enum):
    PERSON = "person"  # a row of people
    ORGANIZATION = "organization"  # a row of org_accounts
    CASE = "case"
    BOOKING = "booking"  # an appointment at the counter
    REFUND = "refund"  # an organization's assessment, a batch of them, or a year of a province
    CONVERSATION = "conversation"
    STAFF = "staff"
    VOCABULARY = "vocabulary"
    BOOK = "book"  # an entry, or a version
    MODEL = "model"
    CHANNEL = "channel"
    FLOW = "flow"
    BULLETIN = "bulletin"  # an emergency notice


@dataclass(frozen=True)
class Subject:
    kind: SubjectKind
    id: str
