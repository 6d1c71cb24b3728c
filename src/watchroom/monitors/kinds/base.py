"""What every kind of check offers, and the guard in front of every socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ...kernel import http
from ...kernel.errors import Refused


@dataclass(frozen=True)
class Field:
    """One setting. ``type``: text, number, or lines."""

    name: str
    label: str
    type: str = "text"
    required: bool = False
    default: Any = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    secret: bool = False


@dataclass(frozen=True)
class Outcome:
    """What one try found. ``message`` is shown to people."""

    ok: bool
    message: str = ""
    latency_ms: int | None = None


class Kind(Protocol):
    """A kind of check."""

    name: str
    label: str
    fields: tuple[Field, ...]

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, checked further.

        :raises Refused: naming field, value and fix.
        """
        ...

    async def probe(self, settings: Mapping[str, Any], timeout: float) -> Outcome:
        """Try once. What it raises counts as a failure, with its message."""
        ...


class Failed(Exception):
    """The try failed, in words for people."""


def clean(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a check, each as its field says.

    :raises Refused: one is missing, unknown, or not what it should be.
    """
    known = {field.name for field in kind.fields}
    for name in given:
        if name not in known:
            raise Refused(
                "There is no such setting.",
                field=f"settings.{name}",
                value=name,
                fix=f"Use {', '.join(sorted(known))}.",
            )
    cleaned: dict[str, Any] = {}
    for field in kind.fields:
        value = given.get(field.name, field.default)
        value = value.strip() if isinstance(value, str) else value
        if value in ("", None):
            if field.required:
                raise Refused(
                    f"“{field.label}” is missing.",
                    field=f"settings.{field.name}",
                    value="",
                    fix=field.help or "Give it.",
                )
            continue
        if field.type == "number":
            try:
                value = float(value)
            except (TypeError, ValueError):
                raise Refused(
                    "That is not a number.", field=f"settings.{field.name}", value=value, fix="Use a number."
                ) from None
            value = int(value) if value.is_integer() else value
        else:
            value = str(value)
        if len(str(value)) > 4000 or (field.choices and value not in field.choices):
            raise Refused(
                "That value is not accepted.",
                field=f"settings.{field.name}",
                value=str(value)[:100],
                fix=f"Use one of {', '.join(field.choices)}." if field.choices else "Use at most 4000 characters.",
            )
        cleaned[field.name] = value
    return kind.check(cleaned)


async def targets(host: str, port: int) -> list[str]:
    """The addresses of ``host`` that Watchroom may talk to; each was judged, so connect to exactly these.

    :raises Failed: the name can't be resolved.
    :raises Refused: none of its addresses is permitted.
    """
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Failed(f"{host} can't be resolved ({error})") from None
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    allowed = http.private_targets()
    permitted = [each for each in found if http.is_permitted(http.parse_address(each), allowed)]
    if not permitted:
        raise http.forbidden(host, found[0] if found else "", field="settings.host")
    return permitted


def check_host(settings: Mapping[str, Any], field: str = "host") -> None:
    """Refuse, without asking the network, what is plainly not permitted.

    :raises Refused: it is not.
    """
    host = str(settings.get(field, ""))
    found = http.addresses(host, 0, look_up=False)
    allowed = http.private_targets()
    if found and not any(http.is_permitted(http.parse_address(each), allowed) for each in found):
        raise http.forbidden(host, found[0], field=f"settings.{field}")
