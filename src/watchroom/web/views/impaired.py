"""The banner on every page that says when pages do not reach people."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from ...accounts.roles import Action
from ...engine.queries import health
from ...kernel import clock
from ..middleware import actor_of

KEPT_FOR = timedelta(seconds=5)  # however many pages are open, the database is asked this often
_known: dict[str, tuple[datetime, list[str]]] = {}


def impaired_now() -> list[str]:
    """What keeps pages from reaching people, at most :data:`KEPT_FOR` old."""
    now = clock.now()
    kept = _known.get("")
    if kept is None or not timedelta(0) <= now - kept[0] < KEPT_FOR:
        found = health()
        texts = list(found["impaired"])
        if not found["engines"]:
            texts.insert(0, "No engine is alive: nobody is paged.")
        kept = _known[""] = (now, texts)
    return kept[1]


@never_cache
def banner(request: HttpRequest) -> HttpResponse:
    """Nothing while all is well."""
    actor_of(request).require(Action.SEE)
    return render(request, "web/impaired.html", {"texts": impaired_now()})
