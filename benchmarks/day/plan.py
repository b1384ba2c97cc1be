"""Who comes on a day, when, and what each of them does: invented, in the shares of a hall where most ask one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.understanding.questions import measuring

VISITORS = 20_000  # of a whole day, with two messages each
HOUR = 3600.0
# How many of a thousand come in each hour: halls have two peaks, after they open and after lunch.
CURVE = (4, 2, 2, 2, 3, 6, 12, 30, 78, 118, 115, 82, 48, 52, 98, 104, 88, 52, 30, 24, 20, 15, 10, 5)
LEAVE_UNHEARD = 0.05  # of them go before their last answer is there
TO_STAFF = "人工客服"
# Of nobody; with a valid check digit, so that it is looked up and found free.
FREE_NUMBER = "91440101MA0000066E"
GOING_ON = ("具体怎么操作？", "还是不行", "那单位的呢", "需要什么材料", "第一步在哪里点", "然后呢", "谢谢")


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Press:
    """The option with this label, or the first one of the last answer; who is offered none goes."""

    label: str | None = None


Step = Say | Press


@dataclass(frozen=True)
class Visitor:
    """Comes so many seconds after midnight and thinks so long before each step, in the time of the day."""

    number: int
    comes: float
    kind: str
    steps: tuple[Step, ...]
    thinks: tuple[float, ...]
    hears_the_end: bool

    @property
    def address(self) -> str:
        """A network address of their own, of those that are nobody's (RFC 2544)."""
        return f"198.18.{self.number // 250 % 250}.{self.number % 250 + 1}"


Script = Callable[[Random], tuple[Step, ...]]


def words_of(number: int) -> str:
    """What a visitor leaves for staff: nobody else leaves the same."""
    return f"我想请你们看一下{number}号回执"


def visitors(share: float, seed: int = 1) -> list[Visitor]:
    """Return this share of the day's visitors in the order in which they come."""
    random = Random(seed)
    kinds = list(_scripts())
    weights = [weight for _, weight, _ in kinds]
    drawn = []
    for number in range(round(VISITORS * share)):
        [hour] = random.choices(range(24), CURVE)
        [(name, _, script)] = random.choices(kinds, weights)
        steps = script(random) if name != "words" else (Say(TO_STAFF), Say(words_of(number)), Say("谢谢"))
        drawn.append(
            Visitor(
                number=number,
                comes=(hour + random.random()) * HOUR,
                kind=name,
                steps=steps,
                thinks=tuple(min(random.expovariate(1 / 15), 90.0) for _ in steps),
                hears_the_end=random.random() >= LEAVE_UNHEARD,
            )
        )
    return sorted(drawn, key=lambda visitor: visitor.comes)


def _scripts() -> Iterator[tuple[str, int, Script]]:
    """Each kind with its share of a hundred."""
    asked, outside, vague = ([line["text"] for line in measuring(name)] for name in _SETS)

    def questions(count: int) -> Script:
        return lambda random: tuple(Say(text) for text in random.sample(asked, count))

    def then(first: Sequence[str], *following: Step) -> Script:
        return lambda random: (Say(random.choice(first)), *following)

    yield "question", 33, questions(1)
    yield "questions", 10, questions(4)
    yield "follow-up", 14, lambda random: (Say(random.choice(asked)), Say(random.choice(GOING_ON)))
    yield "vague", 12, then(vague, Press())
    yield "menu", 7, lambda _: (Press(), Press(), Press())
    yield "words", 6, lambda _: ()
    yield "registration", 7, then(["查单位是否已注册"], Press("查单位"), Say(FREE_NUMBER))
    yield "outside", 4, then(outside)
    yield "abandoned", 7, then(["帮我找回单位账号", "忘记密码了帮我重置", "我要绑定经办人"], Press())


_SETS = ("utterances", "oos", "ambiguous")
