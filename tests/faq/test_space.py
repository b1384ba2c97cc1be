"""A ranker of a few examples: what lies together, what is near, and what it can do without an encoder."""

from __future__ import annotations

import pytest

from faq.features import Scale, told_and_asked
from faq.ranking import Example, Ranker

TAUGHT = [
    *(
        Example(text, "entry:password")
        for text in ("密码忘了怎么办", "忘记密码", "登录密码想不起来", "改密码")
    ),
    *(Example(text, "entry:bind") for text in ("怎么绑定经办人", "绑定子账号", "给同事绑定", "经办人绑定")),
    *(Example(text, "outside:weather") for text in ("今天天气好吗", "天气怎么样", "明天下雨吗", "冷不冷")),
]


@pytest.fixture(scope="module", params=["universal", None])
def ranker(request: pytest.FixtureRequest) -> Ranker:
    return Ranker(encoder_name=request.param).fit(TAUGHT)


def best(scores: dict[str, float]) -> str:
    return max(scores, key=lambda label: scores[label])


@pytest.mark.parametrize("example", TAUGHT)
def test_what_was_taught_is_read_as_taught(ranker: Ranker, example: Example) -> None:
    scores = ranker.scores(example.text)

    assert best(scores) == example.label
    assert sum(scores.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "label"), [("密码不记得了", "entry:password"), ("我要绑定一个同事", "entry:bind")]
)
def test_what_is_near_is_read_as_what_it_is_near_to(ranker: Ranker, text: str, label: str) -> None:
    assert best(ranker.scores(text)) == label


@pytest.mark.parametrize("text", ["", "龘", "zzz"])
def test_what_has_nothing_known_in_it_has_shares_all_the_same(ranker: Ranker, text: str) -> None:
    assert sum(ranker.scores(text).values()) == pytest.approx(1, abs=1e-4)


def test_the_same_examples_give_the_same_ranker() -> None:
    one, other = (Ranker(encoder_name=None).fit(TAUGHT).scores("绑定密码") for _ in range(2))

    assert one == other


def test_one_text_weighs_what_it_weighs_among_all() -> None:
    scale = Scale(told_and_asked)
    texts = [example.text for example in TAUGHT]
    rows = scale.learn(texts)

    for place, text in enumerate(texts):
        weighed = scale.weigh(text)
        assert dict(zip(weighed.numbers, weighed.weights)) == pytest.approx(
            dict(zip(rows[place].indices, rows[place].data)), abs=1e-6
        )
