"""The kinds of cases, and the states each goes through."""

from collections.abc import Mapping
from enum import Enum


class CaseKind(str, Enum):
    ACCOUNT_RECOVERY = "account_recovery"
    PASSWORD_RECOVERY = "password_recovery"  # noqa: S105  # the name of a kind
    DUPLICATE_ACCOUNT = "duplicate_account"
    STAFF_MESSAGE = "staff_message"
    GRANT_CODE = "grant_code"

    @property
    def label(self) -> str:
        return {
            CaseKind.ACCOUNT_RECOVERY: "找回账号申诉",
            CaseKind.PASSWORD_RECOVERY: "找回密码申诉",
            CaseKind.DUPLICATE_ACCOUNT: "注销重复账号",
            CaseKind.STAFF_MESSAGE: "人工留言",
            CaseKind.GRANT_CODE: "单位授权码申请",
        }[self]


class CaseState(str, Enum):
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    RETURNED = "returned"  # to the person, for more
    APPROVED = "approved"
    REJECTED = "rejected"
    NOTIFIED = "notified"  # decided, and the message about it is sent
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            CaseState.SUBMITTED: "待审核",
            CaseState.UNDER_REVIEW: "审核中",
            CaseState.RETURNED: "需补充材料",
            CaseState.APPROVED: "已通过",
            CaseState.REJECTED: "未通过",
            CaseState.NOTIFIED: "已办结",
            CaseState.WITHDRAWN: "已撤回",
        }[self]


TAKEN_IN, ENDS = "已提交", "办结"


def stages(state: CaseState, outcome: CaseState | None) -> tuple[tuple[str, ...], int]:
    """The way of a case from its beginning to its end, and how many of its stages are over."""
    if state is CaseState.WITHDRAWN:
        return (TAKEN_IN, state.label), 2
    if outcome is not None:
        return (TAKEN_IN, CaseState.UNDER_REVIEW.label, outcome.label), 3
    return (TAKEN_IN, state.label, ENDS), 1


OPEN = frozenset({CaseState.SUBMITTED, CaseState.UNDER_REVIEW, CaseState.RETURNED})
DECIDED = frozenset({CaseState.APPROVED, CaseState.REJECTED, CaseState.NOTIFIED})
NEXT: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.SUBMITTED: frozenset({CaseState.UNDER_REVIEW, CaseState.WITHDRAWN}),
    CaseState.UNDER_REVIEW: frozenset(
        {CaseState.APPROVED, CaseState.RETURNED, CaseState.REJECTED, CaseState.WITHDRAWN}
    ),
    CaseState.RETURNED: frozenset({CaseState.SUBMITTED, CaseState.WITHDRAWN}),
    CaseState.APPROVED: frozenset({CaseState.NOTIFIED}),
    CaseState.REJECTED: frozenset({CaseState.NOTIFIED}),
    CaseState.NOTIFIED: frozenset(),
    CaseState.WITHDRAWN: frozenset(),
}
