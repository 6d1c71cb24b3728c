"""What every page of the shell needs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from ..kernel import clock
from ..live.tokens import token


def shell(request: HttpRequest) -> dict[str, Any]:
    """The live token, the person's own topic and time zone, what time it is, and whether keyboard shortcuts are on."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return {}
    # Topics are keys without data; the page behind each is read through the permission check.
    return {
        "live_token": token(person.pk, ["*"], since=getattr(request, "begun_at", None)),
        "person_topic": f"person:{person.pk}",
        "time_zone": person.timezone,
        "server_time": clock.now().isoformat(),
        "shortcuts_off": not person.shortcuts,
    }
