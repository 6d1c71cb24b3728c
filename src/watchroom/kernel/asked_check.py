"""Cleaning what was given for a plugin's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import http
from .asked import MOST, MOST_LINES, Field, replaced_by
from .errors import Refused


def check(given: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, str]:
    """``given`` cleaned by what ``fields`` ask for; empty ones are left out.

    :raises Refused: one is unknown, missing, too long, no address, or there together with what it takes the place of.
    """
    asked = list(fields)
    known = {each.name for each in asked}
    for name in given:
        if name not in known:
            raise Refused(
                "There is no such setting.", field=str(name), value=name, fix=f"Use {', '.join(sorted(known))}."
            )
    cleaned: dict[str, str] = {}
    replaced = replaced_by(asked, given)
    for each in asked:
        if value := _cleaned(each, given.get(each.name), needed=each.required and each.name not in replaced):
            cleaned[each.name] = value
    labels = {each.name: _within(each.label) for each in asked}
    for each in asked:
        both = next((name for name in each.instead_of if cleaned.get(each.name) and cleaned.get(name)), "")
        if both:
            raise Refused(
                f"There are both a {labels[each.name]} and a {labels[both]}.",
                field=each.name,
                value="(secret)" if each.secret else cleaned[each.name][:80],
                fix="Leave one of them empty.",
            )
    return cleaned


def _within(label: str) -> str:
    """A label within a sentence: an abbreviation stays one (API server)."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _cleaned(each: Field, given: object, *, needed: bool) -> str:
    value = ("" if given is None else str(given)).replace("\r\n", "\n").strip() or each.default
    most, allowed = (MOST_LINES, "\n\t") if each.kind == "lines" else (MOST, "")
    if len(value) > most or any(ord(letter) < 32 and letter not in allowed for letter in value):
        raise Refused(
            f"The {_within(each.label)} is not accepted.",
            field=each.name,
            value="(secret)" if each.secret else value[:80],
            fix=f"Use {'text' if each.kind == 'lines' else 'one line'} of at most {most} characters.",
        )
    if not value:
        if needed:
            raise Refused(
                f"The {_within(each.label)} is missing.", field=each.name, value="", fix=each.help or "Fill it in."
            )
        return ""
    if each.kind == "choice" and value not in each.choices:
        raise Refused(
            f"The {_within(each.label)} is not accepted.",
            field=each.name,
            value=value[:80],
            fix=f"Use one of {', '.join(each.choices)}.",
        )
    return http.check_url(value, field=each.name).rstrip("/") if each.kind == "url" else value
