"""Where one can go: the one list behind the side navigation, the phone's bar, the shortcuts and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True)
class Place:
    """One entry of the navigation; ``keys`` is the two-key sequence that goes there."""

    name: str
    label: str
    icon: str
    keys: str = ""
    on_bar: bool = False


WORK = (
    Place("home", "Home", "house", "g h", on_bar=True),
    Place("alert-groups", "Alerts", "bell", "g a", on_bar=True),
    Place("incidents", "Incidents", "flame", "g i", on_bar=True),
    Place("schedules", "On call", "phone-call", "g o", on_bar=True),
    Place("services", "Services", "boxes", "g s"),
    Place("runbooks", "Runbooks", "book-open", "g b"),
    Place("monitors", "Monitors", "heart-pulse"),
    Place("status-pages", "Status pages", "radio-tower"),
    Place("postmortems", "Postmortems", "notebook-pen", "g p"),
    Place("actions", "Action items", "list-checks"),
    Place("drills", "Drills", "flask-conical"),
    Place("insights", "Insights", "chart-column"),
    Place("readiness", "Readiness", "shield-check"),
    Place("process", "Process", "book-open"),
)
SET_UP = (
    Place("integrations", "Integrations", "plug"),
    Place("connections", "Connections", "chart-line"),
    Place("workspaces", "Chats", "messages-square"),
    Place("venues", "Channels & calls", "video"),
    Place("policies", "Policies", "list-ordered"),
    Place("routes", "Routes", "split"),
    Place("silences", "Silences", "bell-off"),
    Place("teams", "Teams", "users"),
    Place("people", "People", "user"),
    Place("mitigations", "Mitigations", "life-buoy"),
    Place("workflows", "Workflows", "workflow"),
    Place("webhooks", "Webhooks", "webhook"),
    Place("audit", "Audit", "scroll-text"),
    Place("system", "System", "activity"),
)


def url(name: str, *args: object, **kwargs: object) -> str:
    """The address of a named page, or ``#`` when there is no such page."""
    try:
        return reverse(name, args=args, kwargs=kwargs)
    except NoReverseMatch:
        return "#"


def current(request: HttpRequest | None) -> str:
    """The name of the place that the request is in: an exact name first, else the longest matching path."""
    if request is None:
        return ""
    match = getattr(request, "resolver_match", None)
    names = [place.name for place in WORK + SET_UP]
    if match is not None and match.url_name in names:
        return str(match.url_name)
    paths = [(url(name), name) for name in names]
    inside = [(path, name) for path, name in paths if path not in {"#", "/"} and request.path.startswith(path)]
    return max(inside, key=lambda found: len(found[0]))[1] if inside else ""


def sections(request: HttpRequest | None) -> list[tuple[str, list[dict[str, Any]]]]:
    """Both groups of the navigation, with addresses and the current place marked."""
    here = current(request)

    def entries(places: tuple[Place, ...]) -> list[dict[str, Any]]:
        return [{"place": place, "url": url(place.name), "current": place.name == here} for place in places]

    return [("", entries(WORK)), ("Set-up", entries(SET_UP))]
