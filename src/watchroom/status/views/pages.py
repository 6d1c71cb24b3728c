"""Keeping status pages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...accounts.rules import timezones
from ...catalog.models import Service
from ...kernel import clock
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands
from ..models import Component, ComponentState, Destination, StatusPage, Subscriber
from ..queries import page_by, page_url, view, visible_to
from ..rules import LANGUAGES

SPARE = 3  # empty rows in the form, so that components can be added without a script
_TEXTS = (
    "name",
    "slug",
    "description",
    "team",
    "domain",
    "language",
    "timezone",
    "colour",
    "colour_dark",
    "support_url",
)


def index(request: HttpRequest) -> HttpResponse:
    """All status pages."""
    pages = visible_to(actor_of(request)).prefetch_related("components")
    return render(request, "status/pages.html", {"pages": pages})


def desk(request: HttpRequest, slug: str) -> HttpResponse:
    """One page as those who keep it see it: what is proposed, how each component is, what is told to whom."""
    actor = actor_of(request)
    page = page_by(actor, slug)
    shown = view(page, clock.now())
    context = {
        "page": page,
        "view": shown,
        "address": page_url(page),
        "proposed": [each for each in shown.components if each.component.proposal],
        "states": ComponentState.choices,
        "responds": actor.may(Action.RESPOND, page.team),
        "manages": actor.may(Action.MANAGE, page.team),
        "subscribers": page.subscribers.filter(state=Subscriber.State.ACTIVE).count(),
        "destination": Destination.objects.filter(page=page).first(),
    }
    return render(request, "status/desk.html", context)


@require_POST
def component(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how a component is, or accept what is proposed."""
    actor = actor_of(request)
    page = page_by(actor, slug)
    written = request.POST.get("component", "")
    number = whole(written)
    found = None if number is None else page.components.filter(pk=number).first()
    if found is None:
        raise NotFound("There is no such component on this page.", field="component", value=written[:40])
    commands.assert_component(actor, found, request.POST.get("state", ""))
    messages.success(request, f"{found}: {ComponentState(found.asserted).label.lower()}.")
    return redirect("status-page", slug)


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
                **(written | {"team": team_by(written["team"]), "slug": written["slug"] or None}),
                password=_password(request),
                components=[row for row in rows if row["name"]],
            )
        except (Refused, NotFound, Conflict) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("status-page", saved.slug)
    else:
        written, rows = _stored(page)
    context = {
        "page": page,
        "written": written,
        "error": error,
        "rows": [*rows, *({"asserted": "operational", "automatic": "off"} for _ in range(SPARE))],
        "teams": actor.teams_where(Action.MANAGE),
        "services": Service.objects.order_by("name"),
        "states": ComponentState.choices,
        "automatic": Component.Automatic.choices,
        "languages": LANGUAGES.items(),
        "zones": timezones(),
    }
    return render(request, "status/page_form.html", context, status=error.status if error else 200)


def _password(request: HttpRequest) -> str | None:
    """None: it stays; empty: it goes."""
    return "" if request.POST.get("no-password") else request.POST.get("password", "") or None


def _written(request: HttpRequest) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    given = request.POST
    names = ("component", "service", "about", "asserted", "component-id", "group", "automatic", "only")
    columns = [given.getlist(name) for name in names]
    count = len(columns[0])
    # A form of an older shape, or a program, may leave columns out.
    columns = [column + [""] * (count - len(column)) for column in columns]
    rows = [
        {
            "id": whole(pk),
            "name": name.strip(),
            "service": service,
            "description": about,
            "asserted": asserted,
            "group": group,
            "automatic": automatic,
            "only_if_degraded": only == "1",
        }
        for name, service, about, asserted, pk, group, automatic, only in zip(*columns, strict=False)
    ]
    written: dict[str, Any] = {name: given.get(name, "").strip() for name in _TEXTS}
    for name in ("language", "timezone", "colour", "colour_dark"):
        written[name] = written[name] or None
    written["networks"] = given.get("networks", "").replace(",", " ").split()
    return written | {"public": bool(given.get("public"))}, [row for row in rows if row["name"] or row["id"]]


def _stored(page: StatusPage | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if page is None:
        new = StatusPage()
        return {name: getattr(new, name) for name in _TEXTS if name != "team"} | {"public": True, "networks": []}, []
    rows = [
        {
            "id": component.pk,
            "name": component.name,
            "service": component.service.slug if component.service else "",
            "description": component.description,
            "asserted": component.asserted,
            "group": component.group.name if component.group else "",
            "automatic": component.automatic,
            "only_if_degraded": component.only_if_degraded,
        }
        for component in page.components.select_related("service", "group")
    ]
    written = {name: getattr(page, name) for name in (*_TEXTS, "public", "networks")}
    return written | {"team": page.team.slug}, rows


@require_POST
def logo(request: HttpRequest, slug: str) -> HttpResponse:
    """Another picture, or none."""
    actor = actor_of(request)
    page = page_by(actor, slug)
    file = request.FILES.get("logo")
    commands.set_logo(actor, page, file.read(1_000_000) if file is not None else None)  # type: ignore[union-attr]
    messages.success(request, "Saved.")
    return redirect("status-page-edit", slug)


@require_POST
def copies(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the page is copied to."""
    actor = actor_of(request)
    page = page_by(actor, slug)
    if request.POST.get("do") == "remove":
        commands.remove_destination(actor, page)
        messages.success(request, "It is copied no more. What lies there stays.")
    else:
        names = ("endpoint", "bucket", "region", "prefix", "access_key", "secret_key")
        given = {name: request.POST.get(name, "").strip() for name in names}
        commands.save_destination(actor, page, **given)
        messages.success(request, "It is being copied.")
    return redirect("status-page", slug)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a page."""
    actor = actor_of(request)
    commands.delete_status_page(actor, page_by(actor, slug))
    return redirect("status-pages")
