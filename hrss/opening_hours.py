"""When staff can be reached (人工服务时间): hours of working days in China."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise

from hrss.workdays import BEIJING, is_working_day


class HoursMalformed(ValueError):
    """Not a list of spans such as 09:00-12:00, each ending after it begins and before the next one."""


@dataclass(frozen=True)
class OpeningHours:
    """Without spans staff can be reached whenever one of them is there."""

    spans: tuple[tuple[time, time], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "OpeningHours":
        """Read spans by commas: `09:00-12:00,14:00-17:30`. Raises HoursMalformed."""
        try:
            spans = tuple(_span(each.strip()) for each in text.split(",")) if text.strip() else ()
        except ValueError as malformed:
            raise HoursMalformed(text) from malformed
        ends = [end for span in spans for end in span]
        if any(later <= earlier for earlier, later in pairwise(ends)):
            raise HoursMalformed(text)
        return cls(spans)

    def include(self, now: datetime) -> bool:
        if not self.spans:
            return True
        here = now.astimezone(BEIJING)
        return is_working_day(here.date()) and any(begin <= here.time() < end for begin, end in self.spans)

    def next(self, now: datetime) -> datetime:
        """The moment, in China, from which staff can be reached: now, or when the next span begins."""
        here = now.astimezone(BEIJING)
        if self.include(now):
            return here
        day = here.date()
        while True:  # every year has working days
            if is_working_day(day):
                for begin, _ in self.spans:
                    opens = datetime.combine(day, begin, BEIJING)
                    if opens > here:
                        return opens
            day += timedelta(days=1)

    def __str__(self) -> str:
        """As people read them: 9:00–12:00、14:00–17:30."""
        return "、".join(f"{_clock(begin)}–{_clock(end)}" for begin, end in self.spans)


ALWAYS = OpeningHours()  # whenever somebody is there


def _span(text: str) -> tuple[time, time]:
    begin, _, end = text.partition("-")
    return time.fromisoformat(begin), time.fromisoformat(end)


def _clock(moment: time) -> str:
    return f"{moment.hour}:{moment.minute:02}"
