"""Lists of stakeholders, and what came of each message to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...incidents.queries import incident_for
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...kernel.numbers import wholes
from ...web.middleware import actor_of
from .. import commands
from ..models import Announcement, Audience, Delivery
from ..queries import list_by, lists_visible_to

SHOWN = 100


def index(request: HttpRequest) -> HttpResponse:
    """All lists."""
    rows = lists_visible_to(actor_of(request)).annotate(addresses=Count("recipients"))
    return render(request, "status/lists.html", {"lists": rows})


def edit(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a list, or change one."""
    actor = actor_of(request)
    row = list_by(actor, slug) if slug else None
    manages = row is None or actor.may(Action.MANAGE, row.team)
    error: WatchroomError | None = None
    written: dict[str, Any]
    if request.method == "POST":
        written, recipients = _written(request)
        try:
            commands.save_list(actor, row, **(written | {"team": team_by(written["team"])}), recipients=recipients)
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("stakeholder-lists")
    elif row is not None:
        names = ("name", "audience", "least_severity", "every_team")
        written = {name: getattr(row, name) for name in names} | {"team": row.team.slug}
    else:
        written = {"audience": Audience.INTERNAL, "least_severity": 3}
    context = {
        "list": row,
        "written": written,
        "error": error,
        "manages": manages,
        "recipients": row.recipients.all() if row and manages else [],
        "channels": list(commands.channels().values()),
        "audiences": Audience.choices,
        "severities": range(1, 6),
        "teams": actor.teams_where(Action.MANAGE),
    }
    return render(request, "status/list_form.html", context, status=error.status if error else 200)


def _written(request: HttpRequest) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    given = request.POST
    level = given.get("least_severity", "")
    written: dict[str, Any] = {name: given.get(name, "").strip() for name in ("name", "team", "audience")}
    written |= {
        "least_severity": int(level) if level in set("12345") else 0,
        "every_team": bool(given.get("every_team")),
    }
    recipients: list[dict[str, Any]] = [{"id": number} for number in wholes(given.getlist("keep"))]
    for name, channel in commands.channels().items():
        settings = {field.name: given.get(f"{name}-{field.name}", "").strip() for field in channel.fields}
        if any(settings.values()):
            recipients.append({"channel": name, "settings": settings})
    return written, recipients


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a list."""
    actor = actor_of(request)
    commands.delete_list(actor, list_by(actor, slug))
    return redirect("stakeholder-lists")


def deliveries(request: HttpRequest, pk: int) -> HttpResponse:
    """Who was told of an incident, update by update: lists address by address, subscribers as numbers."""
    incident = incident_for(actor_of(request), pk)
    counts = {state: Count("deliveries", filter=Q(deliveries__state=state)) for state in Delivery.State.values}
    rows = list(
        Announcement.objects.filter(update__incident=incident)
        .select_related("page", "list", "update")
        .annotate(**{f"n_{state}": count for state, count in counts.items()})
        .order_by("-id")[:SHOWN]
    )
    to_lists = Delivery.objects.filter(announcement__in=[row for row in rows if row.list_id])
    by_row: dict[int, list[Delivery]] = {}
    for each in to_lists.select_related("recipient").prefetch_related("attempts").order_by("id")[: SHOWN * 10]:
        by_row.setdefault(each.announcement_id or 0, []).append(each)
    context = {"incident": incident, "rows": [(row, by_row.get(row.pk, [])) for row in rows]}
    return render(request, "status/deliveries.html", context)
