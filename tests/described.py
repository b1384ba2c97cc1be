"""The web channel's OpenAPI description, as tests use it: its operations, their schemas, and examples of both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.channels.web.pages import description

Schema = dict[str, Any]
METHODS = ("get", "post", "delete")


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    parameters: tuple[Schema, ...]
    body: Schema | None  # of a JSON body
    responses: dict[int, Schema]

    def complaints(self, status: int, answer: Any) -> list[str]:
        """Return what the description does not allow in this answer."""
        if status not in self.responses:
            return [f"{self.id} answers {status}"]
        schema = _json_schema(self.responses[status])
        if schema is None:
            return []
        whole = {**schema, "components": description()["components"]}
        return [error.message for error in Draft202012Validator(whole).iter_errors(answer)]


def operations() -> list[Operation]:
    return [
        Operation(
            id=body["operationId"],
            method=method.upper(),
            path=path,
            parameters=tuple(resolved(each) for each in body.get("parameters", ())),
            body=_json_schema(body["requestBody"]) if "requestBody" in body else None,
            responses={int(status): resolved(each) for status, each in body["responses"].items()},
        )
        for path, item in description()["paths"].items()
        for method, body in item.items()
        if method in METHODS
    ]


def errors_of(operation: Operation) -> Iterator[tuple[int, str]]:
    """Yield status and key of what an operation may refuse, where the keys are listed."""
    for status, answer in operation.responses.items():
        error = ((_json_schema(answer) or {}).get("properties") or {}).get("error", {})
        for listed in (error, *error.get("anyOf", ())):
            yield from ((status, key) for key in listed.get("enum", ()))


def resolved(schema: Schema) -> Schema:
    """Follow a reference."""
    while "$ref" in schema:
        found: Any = description()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def schemas(node: Any) -> Iterator[Schema]:
    """Yield every schema below a node."""
    if isinstance(node, list):
        for each in node:
            yield from schemas(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield from _subschemas(value)
            elif key == "schemas":
                for each in value.values():
                    yield from _subschemas(each)
            else:
                yield from schemas(value)


def _subschemas(schema: Schema) -> Iterator[Schema]:
    yield schema
    below = [*schema.get("properties", {}).values(), *schema.get("oneOf", ()), *schema.get("anyOf", ())]
    for each in [*below, *([schema["items"]] if "items" in schema else [])]:
        yield from _subschemas(each)


def _json_schema(holder: Schema) -> Schema | None:
    content = holder.get("content", {}).get("application/json")
    return content["schema"] if content else None


# Examples

ANY_TEXT = st.text(max_size=40)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


def fitting(schema: Schema) -> st.SearchStrategy[Any]:
    """Return values that a schema allows; of JSON Schema, what the description uses."""
    schema = resolved(schema)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "oneOf" in schema:
        return st.one_of([fitting(each) for each in schema["oneOf"]])
    kinds = schema.get("type", "object")
    if isinstance(kinds, list):
        return st.one_of([fitting({**schema, "type": kind}) for kind in kinds])
    if kinds == "object":
        needed = set(schema.get("required", ()))
        properties = {name: fitting(each) for name, each in schema.get("properties", {}).items()}
        return st.fixed_dictionaries(
            {name: each for name, each in properties.items() if name in needed},
            optional={name: each for name, each in properties.items() if name not in needed},
        )
    if kinds == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum"))
    if kinds == "boolean":
        return st.booleans()
    if kinds == "null":
        return st.none()
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].rstrip("$") + r"\Z", fullmatch=False)
    longest = min(schema.get("maxLength", 80), 80)
    return st.text(min_size=schema.get("minLength", 0), max_size=longest)


@st.composite
def bent(draw: st.DrawFn, schema: Schema) -> bytes:
    """Draw a body that is near what a schema allows, or nowhere near."""
    kind = draw(st.sampled_from(("fitting", "fitting", "field", "json", "bytes", "torn")))
    if kind == "json":
        return json.dumps(draw(ANY_JSON)).encode()
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    value = draw(fitting(schema))
    if kind == "field" and value:
        name = draw(st.sampled_from(sorted(value)))
        if draw(st.booleans()):
            value[name] = draw(ANY_JSON)
        else:
            del value[name]
    body = json.dumps(value).encode("utf-8", "surrogatepass")
    return body[: draw(st.integers(0, len(body)))] if kind == "torn" else body
