"""What a plugin asks for: settings of a connection, a workspace or a runner. One notion for all of them: how a setting is
asked for, and that a new address never gets an old secret. Pure; how what was given is cleaned is ``asked_check``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST, MOST_LINES = 2000, 20_000  # characters of one line, of several

_SECRET = re.compile(r"(?:^|_)(?:password|passphrase|secret|token|key|auth|authorization|headers|credential)s?(?:_|$)")


@dataclass(frozen=True)
class Field:
    """One setting: how it is asked for. ``default`` is taken where it is empty; ``instead_of`` names others that it
    takes the place of (a token of a password): it or they are given, never both."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"  # text, lines, url, password, choice
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""
    instead_of: tuple[str, ...] = ()


def with_kept_secrets(
    fields: Iterable[Field], given: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``given``, with the secrets that were not given and are set ``before``, as long as every address stays the same.

    A new address never gets an old secret: whoever may change the address could otherwise have it sent to themselves.
    ``now``: what is given in the form in which it is kept, where its plugin has another one than ``asked_check.check``.
    """
    asked, filled = list(fields), dict(given)
    for each in asked:
        if each.kind == "url" and not each.secret:
            stated = str((given if now is None else now).get(each.name) or "").strip().rstrip("/") or each.default
            if stated != (before.get(each.name) or each.default):
                return filled
    replaced = replaced_by(asked, filled)
    replaced |= {each.name for each in asked if any(filled.get(name) for name in each.instead_of)}
    for each in asked:
        if each.secret and not filled.get(each.name) and before.get(each.name) and each.name not in replaced:
            filled[each.name] = before[each.name]
    return filled


def replaced_by(fields: Iterable[Field], given: Mapping[str, Any]) -> set[str]:
    """The names of those that need not be there, since something in their place is ``given``."""
    return {name for each in fields if given.get(each.name) for name in each.instead_of}


def sounds_secret(name: str) -> bool:
    """Whether what has this name is better not repeated, where no field says so: ``password``, ``secret_key``, ``token``."""
    return _SECRET.search(name.lower().replace("-", "_")) is not None


def missing(fields: Iterable[Field], settings: Mapping[str, Any]) -> list[str]:
    """The labels of what has to be set and is not."""
    asked = list(fields)
    replaced = replaced_by(asked, settings)
    return [each.label for each in asked if each.required and not settings.get(each.name) and each.name not in replaced]


def shown(fields: Iterable[Field], settings: Mapping[str, Any]) -> dict[str, Any]:
    """``settings`` without what is secret, for readers and files."""
    names = {each.name for each in fields if not each.secret}
    return {name: value for name, value in settings.items() if name in names}
