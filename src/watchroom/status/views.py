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
from ..web.middleware import actor_of
from . import commands
from .models import ComponentState
from .queries import page_by, visible_to

SPARE = 3  # empty rows in the form, so that components can be added without a script


def index(request: HttpRequest) -> HttpResponse:
    """All status pages."""
    return render(request, "status/pages.html", {"pages": visible_to(actor_of(request)).prefetch_related("components")})


def edit(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a page, or change one."""
    actor = actor_of(request)
    page = page_by(actor, slug) if slug else None
    if request.method == "POST":
        given = request.POST
        components: list[dict[str, Any]] = [
            {"name": name, "service": service or None, "asserted": asserted}
            for name, service, asserted in zip(
                given.getlist("component"), given.getlist("service"), given.getlist("asserted"), strict=False
            )
            if name.strip()
        ]
        saved = commands.save_status_page(
            actor,
            page,
            team=team_by(given.get("team", "")),
            name=given.get("name", ""),
            description=given.get("description", ""),
            public=bool(given.get("public")),
            components=components,
        )
        messages.success(request, "Saved.")
        return redirect("status-page-edit", saved.slug)
    rows = (
        [{"name": c.name, "service": c.service_id, "asserted": c.asserted} for c in page.components.all()]
        if page
        else []
    )
    context = {
        "page": page,
        "rows": [*rows, *({"name": "", "service": None, "asserted": "operational"} for _ in range(SPARE))],
        "teams": actor.teams_where(Action.MANAGE),
        "services": Service.objects.order_by("name"),
        "states": ComponentState.choices,
    }
    return render(request, "status/page_form.html", context)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a page."""
    actor = actor_of(request)
    commands.delete_status_page(actor, page_by(actor, slug))
    return redirect("status-pages")
