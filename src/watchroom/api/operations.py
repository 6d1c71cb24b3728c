"""The operations of the API as people read them: what each takes and gives, unfolded, with an example. Made of the OpenAPI
document alone, so that nothing is said twice. Pure, but for the document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from shlex import quote
from typing import Any

from .root import api

_DEEPEST = 4  # of parts of parts that are unfolded
_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
    "date-time": "time",
    "date": "day",
}
_EXAMPLES = {"date-time": "2027-03-02T22:00:00+01:00", "date": "2027-03-02"}
_TYPICAL: dict[str, Any] = {"integer": 1, "number": 1, "boolean": True, "object": {}}


@dataclass(frozen=True)
class Value:
    """One value that an operation takes or gives: ``name`` leads to it (``steps[].targets[].kind``)."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One operation. ``method`` in capitals, ``path`` from the address of this installation on; ``said`` is what the document
    has of it."""

    name: str
    method: str
    path: str
    subject: str
    title: str
    text: str
    said: Mapping[str, Any]

    @property
    def placed(self) -> list[Value]:
        """What stands in its address."""
        return self._parameters("path")

    @property
    def asked(self) -> list[Value]:
        """What is asked in its query."""
        return self._parameters("query")

    @property
    def body(self) -> list[Value]:
        """What is sent to it; empty: nothing, or no object."""
        return list(_unfold(self._body)) if self._body else []

    @property
    def about_body(self) -> str:
        """What the body is, in Markdown."""
        return str(self._body.get("description", ""))

    @property
    def answers(self) -> list[tuple[str, list[Value]]]:
        """What it answers when it is done: status, and the values."""
        return [
            (status, list(_unfold(_schema(answer))) if "content" in answer else [])
            for status, answer in self.said["responses"].items()
            if status.startswith("2")
        ]

    @property
    def refusals(self) -> list[tuple[str, str]]:
        """How it may refuse: status, and why."""
        responses = api.get_openapi_schema()["components"]["responses"]
        return [(status, responses[status]["description"]) for status in self.said["responses"] if status in responses]

    @property
    def needs_no_token(self) -> bool:
        return self.said.get("security") == []

    @property
    def data(self) -> str:
        """A body that says what has to be said, as JSON; empty: it takes none."""
        return json.dumps(_example("", self._body), ensure_ascii=False) if self._body else ""

    def address(self) -> str:
        """Its path, with words in capitals for what has to be filled in."""
        required = [each for each in self.said["parameters"] if each["in"] == "query" and each["required"]]
        asked = "&".join(f"{each['name']}={_example(each['name'], each['schema'])}" for each in required)
        path = "".join(part.upper() if part.startswith("{") else part for part in _in_parts(self.path))
        return path.replace("{", "").replace("}", "") + (f"?{asked}" if asked else "")

    def curl(self, home: str) -> str:
        """How `curl` carries it out at the address ``home``."""
        lines = [f"curl {'' if self.method == 'GET' else f'-X {self.method} '}{quote(home + self.address())}"]
        lines.append('-H "Authorization: Bearer $WATCHROOM_TOKEN"')
        if self.data:
            lines += ["-H 'Content-Type: application/json'", f"-d {quote(self.data)}"]
        return " \\\n  ".join(lines)

    def command(self) -> str:
        """How `watchroom api` carries it out."""
        path = quote(self.address().removeprefix("/api/v1"))
        return f"watchroom api {self.method} {path}{f' --data {quote(self.data)}' if self.data else ''}"

    @property
    def _body(self) -> dict[str, Any]:
        schema = _meant(_schema(self.said.get("requestBody", {})))
        return schema if schema.get("type") != "string" else {}

    def _parameters(self, place: str) -> list[Value]:
        return [
            Value(each["name"], _kind(each["schema"]), each["required"], _text({**each["schema"], **_described(each)}))
            for each in self.said["parameters"]
            if each["in"] == place
        ]


@cache
def operations() -> dict[str, Operation]:
    """All of them, by their names, in the order of their subjects."""
    document = api.get_openapi_schema()
    found = [
        Operation(
            said["operationId"],
            method.upper(),
            path,
            said["tags"][0],
            said["summary"],
            said.get("description", ""),
            said,
        )
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]
    order = [each["name"] for each in document["tags"]]
    return {each.name: each for each in sorted(found, key=lambda each: order.index(each.subject))}


def fitting(words: str) -> list[Operation]:
    """Those in which each of ``words`` stands somewhere, those first whose name or address has them."""
    wanted = words.casefold().split()
    found = []
    for each in operations().values():
        named = f"{each.name} {each.name.replace('_', ' ')} {each.method} {each.path} {each.title}".casefold()
        everything = f"{named} {each.subject} {each.text}".casefold()
        if all(word in everything for word in wanted):
            found.append((not all(word in named for word in wanted), each))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def _in_parts(path: str) -> Iterator[str]:
    for number, part in enumerate(path.split("/")):
        yield "/" if number else ""
        yield part


def _schema(said: Mapping[str, Any]) -> dict[str, Any]:
    for content in said.get("content", {}).values():
        return dict(content["schema"])
    return {}


def _meant(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference leads to; of one that may also be null, what else it may be."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return dict(api.get_openapi_schema()["components"]["schemas"][name]) | _described(schema)
    choices = [each for each in schema.get("anyOf", schema.get("allOf", ())) if each.get("type") != "null"]
    return _meant(choices[0]) | _described(schema) if len(choices) == 1 else dict(schema)


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: schema[key] for key in ("description", "default") if key in schema}


def _unfold(schema: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[Value]:
    """The values in ``schema``, each followed by its parts."""
    meant = _meant(schema)
    if meant.get("type") == "array":
        yield from _unfold(meant.get("items", {}), f"{before}[]", depth)
        return
    for name, part in meant.get("properties", {}).items():
        place = f"{before}.{name}" if before else name
        yield Value(place, _kind(part), name in meant.get("required", ()), _text(part))
        if depth < _DEEPEST:
            yield from _unfold(part, place, depth + 1)


def _kind(schema: Mapping[str, Any]) -> str:
    """In words, what a value is: `text or null`, `list of whole numbers`."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    meant = _meant(schema)
    if "enum" in meant or "const" in meant:
        return " or ".join(str(each) for each in meant.get("enum", [meant.get("const")]))
    if meant.get("type") == "array":
        kind = _kind(meant.get("items", {}))
        return f"list of {kind}s" if kind in _KINDS.values() else f"list: {kind}"
    return _KINDS.get(meant.get("format", ""), _KINDS.get(meant.get("type", ""), "anything"))


def _text(schema: Mapping[str, Any]) -> str:
    """What it means, how much of it there may be, and what it is where it is not given."""
    meant = _meant(schema)
    said = [meant.get("description") or _meant(meant.get("items", {})).get("description", "")]
    if "minimum" in meant and "maximum" in meant:
        said.append(f"{meant['minimum']} to {meant['maximum']}.")
        meant = {key: value for key, value in meant.items() if key not in {"minimum", "maximum"}}
    for key, words in (
        ("minimum", "{} at least."),
        ("maximum", "{} at most."),
        ("minLength", "At least {} characters."),
        ("maxLength", "At most {} characters."),
        ("maxItems", "At most {}."),
    ):
        if key in meant:
            said.append(words.format(meant[key]))
    if schema.get("default") not in (None, False, "", [], {}):
        said.append(f"{json.dumps(schema['default'], ensure_ascii=False)} if not given.")
    return " ".join(filter(None, said))


def _example(name: str, schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that would be accepted as far as its form goes; words in capitals are to be replaced."""
    meant = _meant(schema)
    if "anyOf" in meant:
        return _example(name, meant["anyOf"][0], depth)
    if "enum" in meant or "const" in meant:
        return meant["enum"][0] if "enum" in meant else meant["const"]
    kind = meant.get("type")
    if kind == "array":
        return [_example(name, meant.get("items", {}), depth + 1)] if depth <= _DEEPEST else []
    if "properties" in meant:
        return {
            key: _example(key, meant["properties"][key], depth + 1)
            for key in meant.get("required", list(meant["properties"])[:1] if not depth else [])
        }
    if kind == "string":
        return _EXAMPLES.get(meant.get("format", ""), (name or "text").upper())
    return meant.get("minimum", _TYPICAL.get(str(kind), (name or "text").upper()))
