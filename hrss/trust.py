"""How well a person or an organization is known: two scales, each with its own words."""

from enum import IntEnum


class RealNameLevel(IntEnum):
    """实名等级 of a person's account."""

    NONE = 0
    FIRST = 1
    SECOND = 2
    THIRD = 3

    @property
    def label(self) -> str:
        return ("未实名", "一级", "二级", "三级")[self]


class TrustLevel(IntEnum):
    """可信等级 of an organization in 省统一身份认证. Its L1 is called 三级, its L2 四级 (000)."""

    NONE = 0
    L1 = 1
    L2 = 2
    L3 = 3

    @property
    def label(self) -> str:
        return ("未认证", "三级（L1）", "四级（L2）", "L3")[self]
