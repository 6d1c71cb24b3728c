"""Senders: their address, their signals, and the tray of what was refused."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.pages import page
from ...catalog.models import Service
from ...kernel import settings as conf
from ...kernel.errors import Conflict, NotFound, Refused
from ...kernel.finding import one
from ...kernel.found import fitting
from ...kernel.numbers import whole
from ...kernel.plugins import all_of
from ...sources.base import Configured, Setting
from ...web.markdown import to_html
from ...web.middleware import actor_of
from .. import commands
from ..models import Integration, Signal
from ..queries import integrations_visible_to, shown_settings, signals_of, tray_of

IN_TRAY_SHOWN, TRAY_PAGE = 5, 25
_KEY = "new_integration_key"  # in the session between the POST that made it and the one page that shows it


def integration_for(actor: Actor, slug: str) -> Integration:
    """One integration. Raises ``NotFound`` when there is none that ``actor`` may see."""
    return one(integrations_visible_to(actor), "integration", slug=slug)


def index(request: HttpRequest) -> HttpResponse:
    """``/integrations``: by name, a page at a time."""
    actor = actor_of(request)
    sources = all_of("watchroom.sources")
    rows = fitting(integrations_visible_to(actor), request.GET.get("q", ""), "name", "slug", "team__name")
    found, following = page(rows, cursor=request.GET.get("after"), key="name")
    context = {
        "integrations": [
            (each, sources[each.source].label if each.source in sources else each.source) for each in found
        ],
        "following": following,
        "manages": actor.teams_where(Action.MANAGE).exists(),
    }
    return render(request, "intake/integrations.html", context)


def edit(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make an integration, or change one."""
    actor = actor_of(request)
    integration = integration_for(actor, slug) if slug else None
    error, given = None, request.POST
    if request.method == "POST":
        try:
            saved, key = commands.save_integration(
                actor,
                integration,
                team=team_by(given.get("team", "")),
                name=given.get("name", ""),
                source=given.get("source", ""),
                service=Service.objects.filter(slug=given.get("service", "")).first(),
                drill=bool(given.get("drill")),
                rate_per_minute=_per_minute(given.get("rate_per_minute", "")),
                settings=_settings_given(given, integration),
            )
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            if key:
                request.session[_KEY] = [saved.pk, key]
            return redirect("integration", saved.slug)
    context = {
        "integration": integration,
        "values": given if request.method == "POST" else _values_of(integration),
        "error": error,
        "sources": all_of("watchroom.sources").values(),
        "teams": actor.teams_where(Action.MANAGE),
        "services": Service.objects.select_related("team").order_by("name"),
        "settings": _settings_asked(integration, given if request.method == "POST" else None),
    }
    return render(request, "intake/integration_form.html", context, status=422 if error else 200)


def _values_of(integration: Integration | None) -> dict[str, object]:
    if integration is None:
        return {}
    return {
        "name": integration.name,
        "source": integration.source,
        "team": integration.team.slug,
        "service": integration.service.slug if integration.service else "",
        "drill": integration.drill,
        "rate_per_minute": integration.rate_per_minute,
    }


def _per_minute(text: str) -> int | None:
    if not text.strip():
        return None
    if (number := whole(text.strip(), 9)) is None:
        raise Refused(
            f"{text[:40]!r} is not a number.",
            field="rate_per_minute",
            value=text[:40],
            fix="Write digits, such as 600.",
        )
    return number


def _asked(integration: Integration | None) -> tuple[Setting, ...]:
    """What the integration's kind of sender can be told; it is asked for once the kind is known."""
    kind = all_of("watchroom.sources").get(integration.source) if integration else None
    return kind.asks if isinstance(kind, Configured) else ()


def _settings_given(given: QueryDict, integration: Integration | None) -> dict[str, Any] | None:
    if integration is None or given.get("source") != integration.source:
        return None
    names = [each.name for each in _asked(integration)]
    others = {name: value for name, value in (integration.settings or {}).items() if name not in names}
    return {**others, **{name: given.get(f"setting-{name}", "") for name in names}} if names else None


def _settings_asked(integration: Integration | None, given: QueryDict | None) -> list[dict[str, object]]:
    shown = shown_settings(integration) if integration else {}
    return [
        {"asked": each, "value": given.get(f"setting-{each.name}", "") if given else shown.get(each.name, "")}
        for each in _asked(integration)
    ]


def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One integration: how to point its sender at it, and what came."""
    actor = actor_of(request)
    integration = integration_for(actor, slug)
    kept = request.session.get(_KEY) or [0, ""]
    key = kept[1] if kept[0] == integration.pk else ""
    if key and not request.headers.get("HX-Request"):
        del request.session[_KEY]
    source = all_of("watchroom.sources").get(integration.source)
    address = f"{conf.current().url}/in/{key or 'YOUR-KEY'}"
    manages = actor.may(Action.MANAGE, integration.team)
    context = {
        "integration": integration,
        "key": key,
        "address": address,
        "manages": manages,
        "instructions": to_html(source.instructions(address), copyable=True) if source else "",
        "signals": signals_of(integration).defer("body")[:20],
        "mapped": manages and getattr(source, "mapped", False),
        "refused": in_tray(integration, IN_TRAY_SHOWN) if manages else [],
    }
    template = "intake/integration_part.html" if request.headers.get("HX-Request") else "intake/integration.html"
    return render(request, template, context)


def in_tray(integration: Integration, most: int, before: int | None = None) -> list[dict[str, Any]]:
    """What lies in an integration's tray, with what was sent."""
    rows = tray_of(integration)
    rows = rows.filter(number__lt=before) if before else rows
    return [{"signal": row, "body": bytes(row.body)[:4000].decode(errors="replace")} for row in rows[:most]]


def tray(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that was refused, page by page."""
    actor = actor_of(request)
    integration = integration_for(actor, slug)
    actor.require(Action.MANAGE, integration.team)
    found = in_tray(integration, TRAY_PAGE + 1, whole(request.GET.get("before", "")))
    shown, more = found[:TRAY_PAGE], len(found) > TRAY_PAGE
    context = {"integration": integration, "refused": shown, "older": shown[-1]["signal"].number if more else None}
    return render(request, "intake/tray.html", context)


@require_POST
def act(request: HttpRequest, slug: str, what: str) -> HttpResponse:
    """Pause, resume, give it a new key, or delete it."""
    actor = actor_of(request)
    integration = integration_for(actor, slug)
    if what in {"pause", "resume"}:
        commands.pause_integration(actor, integration, what == "pause")
    elif what == "rotate-key":
        request.session[_KEY] = [integration.pk, commands.rotate_key(actor, integration)]
    elif what == "delete":
        commands.delete_integration(actor, integration)
        return redirect("integrations")
    elif what == "replay-tray":
        count = commands.replay_tray(actor, integration)
        messages.success(request, f"{count} {'signal is' if count == 1 else 'signals are'} read again.")
    else:
        raise NotFound(
            "An integration can't do that.",
            field="what",
            value=what,
            fix="Use pause, resume, rotate-key, replay-tray or delete.",
        )
    return redirect("integration", slug)


@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a stored signal again."""
    actor = actor_of(request)
    signal = Signal.objects.filter(pk=pk).first()
    if signal is not None and not integrations_visible_to(actor).filter(pk=signal.integration_id).exists():
        signal = None
    if signal is None:
        raise NotFound(f"There is no signal {pk}.", field="id", value=pk, fix="It may be older than signals are kept.")
    commands.replay_signal(actor, signal)
    return redirect("integration", signal.integration.slug)
