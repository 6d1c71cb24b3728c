"""``/import/alertmanager``: what an alertmanager.yml would come to here, each thing that it could not, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ...accounts.models import Team
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...config.carry_out import apply
from ...config.difference import Step
from ...config.importing import Import, from_alertmanager
from ...config.text import parse
from ...kernel.errors import Refused, WatchroomError
from ..middleware import actor_of

MOST_BYTES = 500_000
_KINDS = {"policies": "Policies", "routes": "Routes", "time_intervals": "Time intervals", "inhibit_rules": "Inhibition"}


def alertmanager(request: HttpRequest) -> HttpResponse:
    """Paste or upload it, see what would come of it, apply it. Nothing is applied that was not shown before."""
    actor = actor_of(request)
    actor.require(Action.ADMINISTER)
    given = request.POST
    text, error, made, again = "", None, None, False
    if request.method == "POST":
        try:
            text = _text(request)
            made = from_alertmanager(text, team_by(given.get("team", "")).slug)
            if "apply" in given and given.get("seen") == made.seen:
                steps, _ = apply(actor, parse(made.document, "document"))
                messages.success(request, _done(steps, made))
                return redirect("routes")
            again = "apply" in given
        except WatchroomError as refused:
            error = refused
    context = {
        "text": text,
        "teams": Team.objects.order_by("name"),
        "team": given.get("team", ""),
        "error": error,
        "made": made,
        "again": again,
        "kinds": _by_kind(made.steps) if made else [],
        "document": yaml.safe_dump(made.document, sort_keys=False, allow_unicode=True, width=120) if made else "",
    }
    return render(request, "web/import_alertmanager.html", context, status=422 if error else 200)


def _text(request: HttpRequest) -> str:
    uploaded = request.FILES.get("file")
    if uploaded is not None and (uploaded.size or 0) > MOST_BYTES:
        raise Refused("That file is too large.", field="file", value=uploaded.name, fix="Give one of at most 500 kB.")
    text = uploaded.read().decode(errors="replace") if uploaded is not None else request.POST.get("text", "")
    if not text.strip():
        raise Refused(
            "There is nothing to read.", field="text", value="", fix="Paste an alertmanager.yml, or choose one."
        )
    if len(text) > MOST_BYTES:
        raise Refused("That is too long.", field="text", value=f"{len(text)} letters", fix="Give at most 500 kB.")
    return text.replace("\r\n", "\n")


def _by_kind(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The steps in the order of their kinds, with the words of a page."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.kind, []).append(step)
    return [{"name": _KINDS.get(kind, kind), "steps": rows} for kind, rows in found.items()]


def _done(steps: Sequence[Step], made: Import) -> str:
    said = f"Done: {len(steps)} change{'s' if len(steps) != 1 else ''}."
    if made.notes:
        count = len(made.notes)
        said += f" {count} thing{'s' if count != 1 else ''} could not be taken over as {'they were' if count != 1 else 'it was'}."
    return said
