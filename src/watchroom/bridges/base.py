"""What every kind of call bridge offers: a call is opened for an incident, and ended. One folder per kind; found by entry
point ``watchroom.bridges``.

A bridge is stateless and knows nothing of Django. Requests go through :mod:`watchroom.kernel.http`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from ..kernel import http
from ..kernel.asked import Field
from ..kernel.errors import Refused, WatchroomError

Settings = Mapping[str, Any]


class BridgeFailed(WatchroomError):
    """The call could not be opened or ended. ``permanent``: trying again with the same settings is of no use."""

    status = 502
    title = "The call could not be opened"
    code = "bridge_failed"

    def __init__(self, message: str, *, fix: str = "", permanent: bool = False, answered: int = 0) -> None:
        super().__init__(message, fix=fix)
        self.permanent, self.answered = permanent, answered


@dataclass(frozen=True)
class Call:
    """A call that is open. ``id``: what :meth:`Bridge.close` needs to find it again."""

    id: str
    url: str


class Bridge(Protocol):
    """A kind of bridge."""

    name: str
    label: str
    summary: str
    fields: tuple[Field, ...]

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, cleaned, without asking the network. Raises ``Refused``."""
        ...

    def describe(self, settings: Settings) -> str:
        """A short text without secrets."""
        ...

    def open(self, settings: Settings, title: str) -> Call:
        """Open a call. Raises :class:`BridgeFailed`."""
        ...

    def close(self, settings: Settings, id: str) -> None:
        """End it; nobody is kept in. Ending it twice changes nothing. Raises :class:`BridgeFailed`."""
        ...

    def try_it(self, settings: Settings) -> str:
        """Ask something small that changes nothing; what was answered, in words. Raises :class:`BridgeFailed`."""
        ...


def ask(method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"") -> Any:
    """What a server answers, as JSON ({} where it says nothing). Raises :class:`BridgeFailed`."""
    try:
        answer = http.fetch(method, url, headers=headers, content=content)
    except Refused as error:
        raise BridgeFailed(error.message, fix=error.fix, permanent=True) from None
    except http.OutgoingFailed as error:
        raise BridgeFailed(error.message) from None
    if not answer.ok:
        said = " ".join(answer.body[:300].decode(errors="replace").split())
        passing = answer.status >= 500 or answer.status in {408, 425, 429}
        text = f"{http.origin(url)} answered {answer.status}: {said}"
        raise BridgeFailed(text[:300], permanent=not passing, answered=answer.status)
    if not answer.body.strip():
        return {}
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        raise BridgeFailed(f"{http.origin(url)} did not answer with JSON.") from None


def text(settings: Mapping[str, Any], field: Field, default: str = "") -> str:
    """One setting as text. Raises ``Refused`` naming it where it is needed and missing."""
    value = settings.get(field.name)
    found = value.strip() if isinstance(value, str) else ""
    if not found and field.required and not default:
        raise Refused(
            "This is missing.", field=field.name, value="", fix=field.help or f"Enter it: {field.label.lower()}."
        )
    return found or default
