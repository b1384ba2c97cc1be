"""What was done once is not done again: the same key gives the first result and writes nothing."""

import inspect
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from functools import wraps
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from hrss import errors
from hrss.database import lock
from hrss.errors import Refusal
from hrss.tables import Operation

F = TypeVar("F", bound=Callable[..., Any])


def once(function: F) -> F:
    """
    Make a writing function idempotent in its `key`, which belongs to its conversation and to this function.

    It takes `(session, hall, conversation_id, *, …, key, now)`. Its result, a dataclass without personal values,
    is kept as JSON. A refusal that is raised is not kept: nothing was written, and asked again it may be granted.
    """
    kind = f"{function.__module__.removeprefix('hrss.')}.{function.__name__}"

    @wraps(function)
    def at_most_once(
        session: Any, hall: Any, conversation_id: str, *, key: str, now: datetime, **given: Any
    ) -> Any:
        result_type = get_type_hints(function)["return"]
        own_key = f"{conversation_id} {key}"
        lock(session, f"operation {kind} {own_key}")
        done = session.get(Operation, (own_key, kind))
        if done is None:
            result = function(session, hall, conversation_id, key=key, now=now, **given)
            session.add(Operation(key=own_key, kind=kind, result=to_json(result), at=now))
            session.flush()
            return result
        return from_json(result_type, done.result)

    at_most_once.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return at_most_once  # type: ignore[return-value]


def to_json(value: Any) -> Any:
    if isinstance(value, Refusal):
        return {"key": value.key, "facts": value.facts}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_json(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: to_json(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def from_json(kind: Any, value: Any) -> Any:
    """The value that `to_json` was given, by its type."""
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        [kind] = set(get_args(kind)) - {NoneType}
    if get_origin(kind) is tuple:
        return tuple(from_json(get_args(kind)[0], each) for each in value)
    if issubclass(kind, Refusal):
        return errors.by_key(value["key"])(**value["facts"])
    if issubclass(kind, Enum):
        return kind(value)
    if issubclass(kind, (datetime, date)):
        return kind.fromisoformat(value)
    if hasattr(kind, "__dataclass_fields__"):
        hints = get_type_hints(kind)
        return kind(**{name: from_json(hints[name], each) for name, each in value.items()})
    return value
