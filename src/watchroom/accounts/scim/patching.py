"""Filters and patches of SCIM (RFC 7644, 3.4.2.2 and 3.5.2): values in, values out."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]
MOST_OPERATIONS = 1000
_EQ = re.compile(r'\s*([\w.$:-]+)\s+eq\s+("(?:[^"\\]|\\.)*"|true|false|\d{1,18})\s*', re.IGNORECASE)
_PATH = re.compile(
    r"(?:urn:[\w:.-]+:)?(?P<attribute>[A-Za-z$][\w$-]*)(?:\[(?P<filter>[^\]]*)\])?(?:\.(?P<part>[A-Za-z$][\w$-]*))?"
)


class ScimError(Exception):
    """What is answered instead (RFC 7644, 3.12). ``kind`` is its ``scimType``."""

    def __init__(self, status: int, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind


@dataclass(frozen=True)
class Equals:
    """``attribute eq value``: the one comparison that provisioning asks. Attributes are in lower case."""

    attribute: str
    value: Any


def read_filter(written: str) -> Equals:
    """:raises ScimError: it is another kind of filter."""
    found = _EQ.fullmatch(written)
    if found is None:
        raise ScimError(400, f'This filter is not known: {written[:100]}. Use one such as userName eq "anna@example.org".', "invalidFilter")  # fmt: skip
    try:
        return Equals(found[1].rpartition(":")[2].lower(), json.loads(found[2]))
    except ValueError:
        raise ScimError(400, f"This filter can't be read: {written[:100]}.", "invalidFilter") from None


def patched(resource: Resource, body: Any) -> Resource:
    """``resource`` after the operations of a PatchOp. Attributes are found whatever their case; what is not known is kept aside.

    :raises ScimError: it is no PatchOp, or a path of it can't be read.
    """
    operations = get(body, "Operations") if isinstance(body, dict) else None
    if not isinstance(operations, list) or not operations or len(operations) > MOST_OPERATIONS:
        raise ScimError(400, f"A patch has Operations, a list of 1 to {MOST_OPERATIONS}.", "invalidSyntax")
    made = deepcopy(resource)
    for each in operations:
        if not isinstance(each, dict) or str(get(each, "op")).lower() not in {"add", "replace", "remove"}:
            raise ScimError(400, "The op of an operation is add, replace or remove.", "invalidSyntax")
        op, path, value = str(get(each, "op")).lower(), get(each, "path"), get(each, "value")
        if path:
            _at(made, op, str(path), value)
        elif op == "remove":
            raise ScimError(400, "To remove something, say what: path is missing.", "noTarget")
        elif isinstance(value, dict):
            for name, part in value.items():
                if not name.startswith("urn:"):  # an extension as a whole: nothing of it is kept here
                    _at(made, op, name, part)
        else:
            raise ScimError(400, "Without a path, value is an object of attributes.", "invalidValue")
    return made


def get(resource: Resource, name: str, default: Any = None) -> Any:
    """An attribute, whatever the case of its name."""
    return next((value for key, value in resource.items() if key.lower() == name.lower()), default)


def _key(resource: Resource, name: str) -> str:
    return next((key for key in resource if key.lower() == name.lower()), name)


def _at(resource: Resource, op: str, path: str, value: Any) -> None:
    found = _PATH.fullmatch(path.strip())
    if found is None:
        raise ScimError(400, f"The path {path[:100]} can't be read.", "invalidPath")
    attribute, part = _key(resource, found["attribute"]), found["part"]
    if found["filter"] is not None:
        _within(resource, op, attribute, read_filter(found["filter"]), part, value)
    elif part:
        inner = resource.get(attribute)
        if isinstance(inner, list):  # emails.value: of all of them
            for each in inner:
                if isinstance(each, dict):
                    _put(each, op, part, value)
        else:
            inner = dict(inner) if isinstance(inner, dict) else {}
            _put(inner, op, part, value)
            resource[attribute] = inner
    elif op == "remove" and isinstance(resource.get(attribute), list) and isinstance(value, list):
        gone = {str(get(each, "value")) for each in value if isinstance(each, dict)}  # as Entra ID takes members out
        resource[attribute] = [each for each in resource[attribute] if str(get(each, "value")) not in gone]
    elif op == "remove":
        resource.pop(attribute, None)
    elif op == "add" and isinstance(resource.get(attribute), list):
        more = value if isinstance(value, list) else [value]
        there = {str(get(each, "value")) for each in resource[attribute] if isinstance(each, dict)}
        resource[attribute] = resource[attribute] + [
            each for each in more if not (isinstance(each, dict) and str(get(each, "value")) in there)
        ]
    else:
        resource[attribute] = value


def _put(inner: Resource, op: str, part: str, value: Any) -> None:
    if op == "remove":
        inner.pop(_key(inner, part), None)
    else:
        inner[_key(inner, part)] = value


def _within(resource: Resource, op: str, attribute: str, only: Equals, part: str | None, value: Any) -> None:
    rows = [each for each in resource.get(attribute) or [] if isinstance(each, dict)]

    def fits(row: Resource) -> bool:
        said = get(row, only.attribute)
        return said == only.value or str(said).lower() == str(only.value).lower()

    chosen = [each for each in rows if fits(each)]
    if op == "remove" and not part:
        resource[attribute] = [each for each in rows if not fits(each)]
        return
    if not chosen and op != "remove":  # emails[type eq "work"].value of who has none yet
        chosen = [{only.attribute: only.value}]
        rows.append(chosen[0])
    for each in chosen:
        if part:
            _put(each, op, part, value)
        elif isinstance(value, dict):
            each.update(value)
    resource[attribute] = rows
