"""Every table of the shared database, in the terms SQLite and PostgreSQL have in common; by subject."""

from hrss.tables.base import Base, Document, Moment, metadata
from hrss.tables.bindings import ActingFor, Binding, Grant, GrantCode
from hrss.tables.cases import Case, Photo
from hrss.tables.chat import Consent, Conversation, Feedback, FlowStep, Message, Notice, Turn, VaultValue
from hrss.tables.hall import (
    OrgAccount,
    Organization,
    Person,
    PersonAccount,
    PrimaryContact,
    SecurityAnswer,
)
from hrss.tables.office import (
    BookChange,
    BookEntry,
    BookVersion,
    EntryDraft,
    SavedQuestion,
    StaffMember,
    Trial,
    UnknownMark,
)
from hrss.tables.operation import Bulletin, Closure, Heartbeat, KeptDay
from hrss.tables.portal import CounterBooking
from hrss.tables.proof import Attempt, ProofRecord, SmsCode
from hrss.tables.records import AuditEntry, DemoInboxSms, DemoRecord, Operation, OutboxSms
from hrss.tables.refunds import (
    Assessment,
    AssessmentBatch,
    ConfirmationSlip,
    RefundConfirmation,
    RefundEvidence,
    RefundTask,
    RefundYear,
    Regulation,
    RegulationReading,
)
from hrss.tables.review import Comment, Handover, Regression, SavedFilter, Verdict, VocabularyRow
from hrss.tables.wechat import WechatAccount, WechatCursor, WechatDelivery

__all__ = [
    "ActingFor",
    "Assessment",
    "AssessmentBatch",
    "Attempt",
    "AuditEntry",
    "Base",
    "Binding",
    "BookChange",
    "BookEntry",
    "BookVersion",
    "Bulletin",
    "Case",
    "Closure",
    "Comment",
    "ConfirmationSlip",
    "Consent",
    "Conversation",
    "CounterBooking",
    "DemoInboxSms",
    "DemoRecord",
    "Document",
    "EntryDraft",
    "Feedback",
    "FlowStep",
    "Grant",
    "GrantCode",
    "Handover",
    "Heartbeat",
    "KeptDay",
    "Message",
    "Moment",
    "Notice",
    "Operation",
    "OrgAccount",
    "Organization",
    "OutboxSms",
    "Person",
    "PersonAccount",
    "Photo",
    "PrimaryContact",
    "ProofRecord",
    "RefundConfirmation",
    "RefundEvidence",
    "RefundTask",
    "RefundYear",
    "Regression",
    "Regulation",
    "RegulationReading",
    "SavedFilter",
    "SavedQuestion",
    "SecurityAnswer",
    "SmsCode",
    "StaffMember",
    "Trial",
    "Turn",
    "UnknownMark",
    "VaultValue",
    "Verdict",
    "VocabularyRow",
    "WechatAccount",
    "WechatCursor",
    "WechatDelivery",
    "metadata",
]
