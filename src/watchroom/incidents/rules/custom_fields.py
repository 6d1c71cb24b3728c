"""The fields that an incident type asks for: which there are, and which values they take."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ...kernel.errors import Refused

KINDS = ("text", "number", "choice", "date", "person", "link")
REQUIRED = ("never", "declared", "resolved")
MOST = 30  # fields of a type
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")

Value: TypeAlias = str | int | float


@dataclass(frozen=True)
class Field:
    """One question of an incident type."""

    key: str
    label: str
    kind: str = "text"
    options: tuple[str, ...] = ()  # of a choice
    required: str = "never"  # by when it must be answered
    shown: bool = True  # at the top of the room
    filtered: bool = False  # offered above the list of incidents
    help: str = ""


def read(rows: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Fields as they were kept, or as somebody writes them.

    :raises Refused: names the field (``fields[0].kind``), what is wrong, and the fix.
    """
    found: list[Field] = []
    known = set(Field.__dataclass_fields__)
    for number, row in enumerate(rows):
        at = f"fields[{number}]"
        unknown = next((name for name in row if name not in known), None)
        if unknown is not None:
            raise Refused(
                "A field has no such setting.", field=f"{at}.{unknown}", fix=f"Use {', '.join(sorted(known))}."
            )
        made = Field(
            key=str(row.get("key", "")),
            label=" ".join(str(row.get("label", "")).split()),
            kind=str(row.get("kind", "text")),
            options=tuple(text for each in row.get("options") or () if (text := " ".join(str(each).split()))),
            required=str(row.get("required", "never")),
            shown=bool(row.get("shown", True)),
            filtered=bool(row.get("filtered", False)),
            help=str(row.get("help", "")).strip(),
        )
        _check(made, at)
        if any(other.key == made.key for other in found):
            raise Refused("Two fields have this key.", field=f"{at}.key", value=made.key, fix="Give each its own.")
        found.append(made)
    if len(found) > MOST:
        raise Refused("That is too much to ask.", field="fields", value=len(found), fix=f"Use at most {MOST} fields.")
    return tuple(found)


def _check(made: Field, at: str) -> None:
    if not _KEY.fullmatch(made.key):
        raise Refused(
            "The key is made of small letters, digits and _.", field=f"{at}.key", value=made.key, fix="Use region_eu."
        )
    if not made.label or len(made.label) > 80:
        raise Refused(
            "A field needs a name.", field=f"{at}.label", value=made.label[:80], fix="Write 1 to 80 characters."
        )
    if len(made.help) > 200:
        raise Refused("That help is too long.", field=f"{at}.help", value=made.help[:40], fix="Use 200 characters.")
    for name, value, allowed in (("kind", made.kind, KINDS), ("required", made.required, REQUIRED)):
        if value not in allowed:
            raise Refused(
                "There is no such choice.", field=f"{at}.{name}", value=value, fix=f"Use {', '.join(allowed)}."
            )
    if made.kind == "choice" and len(set(made.options)) < 2:
        raise Refused(
            "A choice needs something to choose from.",
            field=f"{at}.options",
            value=list(made.options),
            fix="Name at least two options.",
        )
    if made.kind != "choice" and made.options:
        raise Refused(
            "Only a choice has options.", field=f"{at}.options", value=list(made.options), fix='Set kind to "choice".'
        )
    if any(len(option) > 80 for option in made.options):
        raise Refused("An option is too long.", field=f"{at}.options", fix="Use at most 80 characters.")


def kept(fields: Iterable[Field]) -> list[dict[str, Any]]:
    """Fields as they are kept; :func:`read` of it gives them back."""
    return [{**asdict(each), "options": list(each.options)} for each in fields]


def value_of(asked: Field, given: object) -> Value | None:
    """``given`` as it is kept; None: no answer. A person is already the number of one, a date an ISO date.

    :raises Refused: it is no answer to this field.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    at = f"fields.{asked.key}"
    if asked.kind == "number":
        return _number(asked, given, at)
    if asked.kind == "person":
        if isinstance(given, int) and not isinstance(given, bool):
            return given
        raise Refused(f"{asked.label} is a person.", field=at, value=given, fix="Give an id or an e-mail address.")
    text = given.isoformat() if isinstance(given, date) else str(given).strip()
    if asked.kind == "choice" and text not in asked.options:
        raise Refused(
            f"{asked.label} has no such option.", field=at, value=text[:80], fix=f"Use {', '.join(asked.options)}."
        )
    if asked.kind == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise Refused(f"{asked.label} is a date.", field=at, value=text[:40], fix="Write 2026-03-02.") from None
    if asked.kind == "link":
        _link(asked, text, at)
    if len(text) > 2000:
        raise Refused(f"{asked.label} is too long.", field=at, value=text[:40], fix="Use at most 2000 characters.")
    return text


def _number(asked: Field, given: object, at: str) -> Value:
    try:
        number = float(str(given).strip()) if not isinstance(given, bool) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(f"{asked.label} is a number.", field=at, value=str(given)[:40], fix="Write 12 or 1.5.")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _link(asked: Field, text: str, at: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", text):
        raise Refused(f"{asked.label} is an address.", field=at, value=text[:80], fix="Write https://example.org/x.")


@dataclass(frozen=True)
class Changed:
    """What an answer was and what it is now."""

    field: Field
    before: Value | None
    after: Value | None


@dataclass(frozen=True)
class Answers:
    """All answers of an incident after a change, and what was changed."""

    values: dict[str, Value] = field(default_factory=dict)
    changed: tuple[Changed, ...] = ()


def answered(fields: Sequence[Field], before: Mapping[str, Any], given: Mapping[str, object]) -> Answers:
    """``before`` with what is ``given``. An answer to what the type does not ask any more stays until it is cleared.

    :raises Refused: the type asks no such thing, or the answer does not fit.
    """
    asked = {each.key: each for each in fields}
    values: dict[str, Value] = dict(before)
    changed = []
    for key, raw in given.items():
        if key not in asked:
            raise Refused(
                "This incident type has no such field.",
                field=f"fields.{key}",
                value=str(raw)[:80],
                fix=f"Use {', '.join(asked)}." if asked else "Choose a type that has it.",
            )
        new = value_of(asked[key], raw)
        if new != values.get(key):
            changed.append(Changed(asked[key], values.get(key), new))
        if new is None:
            values.pop(key, None)
        else:
            values[key] = new
    return Answers(values, tuple(changed))


def missing(fields: Iterable[Field], values: Mapping[str, Any], moment: str) -> Field | None:
    """The first field that must be answered by ``moment`` (``declared``, ``resolved``) and is not."""
    by_then = {"declared"} if moment == "declared" else {"declared", "resolved"}
    return next((each for each in fields if each.required in by_then and values.get(each.key) in (None, "")), None)
