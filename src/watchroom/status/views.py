"""Setting status pages up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.queries import team_by
from ..accounts.roles import Action
from ..catalog.models import Service
from ..kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ..web.middleware import actor_of
from . import commands
from .models import ComponentState, StatusPage
from .queries import page_by, visible_to

SPARE = 3  # empty rows in the form, so that components can be added without a script


def index(request: HttpRequest) -> HttpResponse:
    """All status pages."""
    return render(request, "status/pages.html", {"pages": visible_to(actor_of(request)).prefetch_related("components")})


def edit(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a page, or change one. What was written is never lost to a mistake in it."""
    actor = actor_of(request)
    page = page_by(actor, slug) if slug else None
    error: WatchroomError | None = None
    if request.method == "POST":
        written, rows = _written(request)
        try:
            saved = commands.save_status_page(
                actor,
                page,
                team=team_by(request.POST.get("team", "")),
                name=written["name"],
                slug=written["slug"] or None,
                description=written["description"],
                public=written["public"],
                components=[row for row in rows if row["name"]],
            )
        except (Refused, NotFound, Conflict) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("status-page-edit", saved.slug)
    else:
        written, rows = _stored(page)
    context = {
        "page": page,
        "written": written,
        "error": error,
        "rows": [*rows, *({"asserted": "operational"} for _ in range(SPARE))],
        "teams": actor.teams_where(Action.MANAGE),
        "services": Service.objects.order_by("name"),
        "states": ComponentState.choices,
    }
    return render(request, "status/page_form.html", context, status=error.status if error else 200)


def _written(request: HttpRequest) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    given = request.POST
    columns = [given.getlist(name) for name in ("component", "service", "about", "asserted", "component-id")]
    rows = [
        {
            "id": int(pk) if pk.isdecimal() and len(pk) < 18 else None,
            "name": name.strip(),
            "service": service,
            "description": about,
            "asserted": asserted,
        }
        for name, service, about, asserted, pk in zip(*columns, strict=False)
    ]
    written = {name: given.get(name, "").strip() for name in ("name", "slug", "description", "team")}
    return written | {"public": bool(given.get("public"))}, [row for row in rows if row["name"] or row["id"]]


def _stored(page: StatusPage | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if page is None:
        return {"name": "", "slug": "", "description": "", "team": "", "public": True}, []
    rows = [
        {
            "id": component.pk,
            "name": component.name,
            "service": component.service.slug if component.service else "",
            "description": component.description,
            "asserted": component.asserted,
        }
        for component in page.components.select_related("service")
    ]
    written = {name: getattr(page, name) for name in ("name", "slug", "description", "public")}
    return written | {"team": page.team.slug}, rows


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a page."""
    actor = actor_of(request)
    commands.delete_status_page(actor, page_by(actor, slug))
    return redirect("status-pages")
