"""What a mapping may look like: an object, or the same as YAML. Pure.

Every value is an expression; where it begins with ``$`` it is a path, where it has ``{{`` or ``{%`` in it a template.
"""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from ...kernel import yamls
from ...kernel.errors import Refused

FIELDS = ("items", "when", "key", "title", "state", "severity", "link", "description", "since")
NEEDED = ("key", "title")
GROUPS = ("labels", "annotations")
VALUE_LIMIT, SIZE_LIMIT, LABELS_LIMIT, TESTS_LIMIT = 4_000, 64_000, 50, 50
EXPECTED = ("key", "title", "state", "severity", "link", "description", "labels", "annotations")


def is_template(value: str) -> bool:
    """Whether a value of a mapping is a Jinja template."""
    return "{{" in value or "{%" in value


def is_path(value: str) -> bool:
    """Whether a value of a mapping is a JSONPath."""
    return value.lstrip()[:1] == "$"  # no expression can begin so


def in_words(mapping: object) -> str:
    """A mapping as YAML, as a person writes it."""
    if not mapping:
        return ""
    return yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True, width=100)


def checked(given: object) -> dict[str, Any]:
    """A mapping as it is kept; empty when there is none. Whether its expressions are good is found out by trying it.

    :raises Refused: it is none; names the field, the value and the fix.
    """
    if isinstance(given, str):
        if len(given) > SIZE_LIMIT:
            raise _refused("", given, f"Use {SIZE_LIMIT} characters at most.")
        try:
            given = yamls.read(given)
        except yamls.NotYaml as error:
            raise _refused("", "", str(error)) from None
    if given is None or given == {} or given == "":
        return {}
    if not isinstance(given, dict):
        raise _refused("", given, "Give key, title and whatever else the payload says.")
    _known(given, "", (*FIELDS, *GROUPS, "tests"))
    found: dict[str, Any] = {}
    for name in FIELDS:
        if (value := given.get(name)) not in (None, ""):
            found[name] = _value(name, value)
        elif name in NEEDED:
            raise _refused(name, value, "Say where it stands, such as payload.id.")
    for group in GROUPS:
        values = given.get(group) or {}
        if not isinstance(values, dict) or len(values) > LABELS_LIMIT:
            raise _refused(group, values, f"Give names with a value each, {LABELS_LIMIT} at most.")
        if values:
            found[group] = {_name(group, name): _value(f"{group}.{name}", value) for name, value in values.items()}
    tests = given.get("tests") or []
    if not isinstance(tests, list) or len(tests) > TESTS_LIMIT:
        raise _refused("tests", tests, f"Give a list of at most {TESTS_LIMIT} tests.")
    if tests:
        found["tests"] = [_test(number, test) for number, test in enumerate(tests)]
    try:
        size = len(msgspec.json.encode(found))
    except (TypeError, ValueError, RecursionError):
        raise _refused("tests", "", "Use only what JSON has: texts, numbers, lists and objects.") from None
    if size > SIZE_LIMIT:
        raise _refused("", "", f"Use {SIZE_LIMIT} bytes at most, its tests included.")
    return found


def _known(given: dict[Any, Any], place: str, names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            raise _refused(f"{place}{name}", given[name], f"Use one of: {', '.join(names)}.")


def _value(field: str, value: object) -> str:
    if isinstance(value, bool | int | float):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str) or len(value) > VALUE_LIMIT or "\0" in value:
        raise _refused(field, value, f"Write an expression or a template of at most {VALUE_LIMIT} characters.")
    return value


def _name(group: str, name: object) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > 200 or "\0" in name:
        raise _refused(group, name, "Give it a name of at most 200 characters.")
    return name


def _test(number: int, test: object) -> dict[str, Any]:
    place = f"tests[{number}]."
    if not isinstance(test, dict) or "payload" not in test:
        raise _refused(place.rstrip("."), test, "Give it a payload, and in expect the alerts that it becomes.")
    _known(test, place, ("name", "payload", "expect"))
    expect = test.get("expect") or []
    if not isinstance(expect, list) or not all(isinstance(each, dict) for each in expect):
        raise _refused(f"{place}expect", expect, "Give a list of alerts; an empty one where the payload is no alert.")
    for position, each in enumerate(expect):
        _known(each, f"{place}expect[{position}].", EXPECTED)
    return {"name": str(test.get("name") or f"Test {number + 1}")[:100], "payload": test["payload"], "expect": expect}


def _refused(field: str, value: object, fix: str) -> Refused:
    shown = value if isinstance(value, str) else "" if value is None else repr(value)
    return Refused(
        f"The mapping's {field} is not accepted." if field else "That mapping is not accepted.",
        field=f"mapping.{field}".rstrip("."),
        value=shown[:120],
        fix=fix,
    )
