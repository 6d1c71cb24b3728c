"""How Watchroom itself is doing."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ... import __version__
from ...accounts.roles import Action
from ...engine.models import EngineNode
from ...engine.queries import health
from ..middleware import actor_of


def system(request: HttpRequest) -> HttpResponse:
    """Engines, lag, failures, version."""
    actor_of(request).require(Action.SEE)
    context = {
        "health": health(),
        "nodes": EngineNode.objects.all()[:20],
        "database": connection.vendor,
        "version": __version__,
    }
    return render(request, "web/system.html", context)
