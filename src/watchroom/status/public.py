"""What strangers read: the page, its feed, and JSON in the shape of Statuspage's public API, so that existing consumers
work (https://www.atlassianstatuspage.io/api/v2 describes the format)."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from ..kernel import clock
from ..kernel import settings as conf
from .models import PublicIncident
from .queries import PageView, page_by, view
from .rules import indicator

CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"


def _view(request: HttpRequest, slug: str) -> PageView:
    return view(page_by(getattr(request, "actor", None), slug), clock.now())


def _cached(request: HttpRequest, answer: HttpResponse, page: PageView) -> HttpResponse:
    """Let caches keep a public page for a moment, and answer 304 to whoever has it already."""
    if not page.page.public:
        answer["Cache-Control"] = "private, no-store"
        return answer
    answer["Cache-Control"] = CACHE
    answer["ETag"] = f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
    return get_conditional_response(request, etag=answer["ETag"], response=answer) or answer


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The page itself; works without scripts."""
    shown = _view(request, slug)
    # The same for everybody, since caches keep it: rendered without the request, so that nothing of who reads it (a
    # token against forged forms, messages, a time zone) is in it.
    with timezone.override(UTC):
        html = render_to_string("status/public.html", {"view": shown})
    return _cached(request, HttpResponse(html), shown)


@require_safe
def feed(request: HttpRequest, slug: str) -> HttpResponse:
    """Every update as an Atom feed."""
    shown = _view(request, slug)
    address = f"{conf.current().url}{reverse('public-status', args=[slug])}"
    atom = Atom1Feed(
        title=shown.page.name, link=address, description=shown.page.description, feed_url=f"{address}/feed.atom"
    )
    for incident in [*shown.open, *shown.past]:
        for each in incident.shown:  # type: ignore[attr-defined]
            update = each.update
            atom.add_item(
                title=f"{incident.title}: {update.get_stage_display()}",
                link=f"{address}#incident-{incident.pk}",
                description=f"{update.happening}\n{update.impact}\n{update.doing}".strip(),
                pubdate=update.published_at,
                updateddate=update.published_at,
                unique_id=f"{address}#update-{update.pk}",
            )
    return _cached(request, HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml"), shown)


def _page_json(shown: PageView) -> dict[str, Any]:
    address = f"{conf.current().url}{reverse('public-status', args=[shown.page.slug])}"
    return {
        "id": shown.page.slug,
        "name": shown.page.name,
        "url": address,
        "time_zone": "Etc/UTC",
        "updated_at": shown.changed_at,
    }


def _status_json(shown: PageView) -> dict[str, str]:
    return {"indicator": indicator(shown.state), "description": shown.sentence}


def _components_json(shown: PageView) -> list[dict[str, Any]]:
    return [
        {
            "id": str(each.component.pk),
            "name": each.component.name,
            "status": each.state,
            "position": each.component.position + 1,
            "description": each.component.description or None,
            "showcase": True,
            "group_id": None,
            "group": False,
            "page_id": shown.page.slug,
            "only_show_if_degraded": False,
            "created_at": shown.page.created_at,
            "updated_at": shown.changed_at,
        }
        for each in shown.components
    ]


def _incident_json(shown: PageView, incident: PublicIncident) -> dict[str, Any]:
    updates = [each.update for each in incident.shown]  # type: ignore[attr-defined]
    affected = incident.affected  # type: ignore[attr-defined]
    worst = max(
        (impact.state for impact in affected),
        key=lambda state: ("none", "minor", "major", "critical").index(indicator(state)),
        default="",
    )
    newest = updates[0] if updates else None
    return {
        "id": str(incident.pk),
        "name": incident.title,
        "page_id": shown.page.slug,
        "status": newest.stage if newest else "investigating",
        "impact": indicator(worst) if worst else "none",
        "shortlink": f"{_page_json(shown)['url']}#incident-{incident.pk}",
        "started_at": incident.opened_at,
        "created_at": incident.opened_at,
        "updated_at": newest.published_at if newest else incident.opened_at,
        "monitoring_at": next((u.published_at for u in updates if u.stage == "monitoring"), None),
        "resolved_at": incident.resolved_at,
        "incident_updates": [
            {
                "id": str(update.pk),
                "incident_id": str(incident.pk),
                "status": update.stage,
                "body": "\n\n".join(filter(None, (update.happening, update.impact, update.doing))),
                "created_at": update.published_at,
                "updated_at": update.published_at,
                "display_at": update.published_at,
                "affected_components": [
                    {"code": str(impact.component_id), "name": impact.component.name, "new_status": impact.state}
                    for impact in affected
                ],
            }
            for update in updates
        ],
        "components": [
            each for each in _components_json(shown) if each["id"] in {str(impact.component_id) for impact in affected}
        ],
    }


def _json(request: HttpRequest, shown: PageView, **body: Any) -> HttpResponse:
    answer = _cached(request, JsonResponse({"page": _page_json(shown), **body}), shown)
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


@require_safe
def summary(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that is open."""
    shown = _view(request, slug)
    return _json(
        request,
        shown,
        status=_status_json(shown),
        components=_components_json(shown),
        incidents=[_incident_json(shown, each) for each in shown.open],
        scheduled_maintenances=[],
    )


@require_safe
def status(request: HttpRequest, slug: str) -> HttpResponse:
    """The banner."""
    shown = _view(request, slug)
    return _json(request, shown, status=_status_json(shown))


@require_safe
def components(request: HttpRequest, slug: str) -> HttpResponse:
    """The components."""
    shown = _view(request, slug)
    return _json(request, shown, components=_components_json(shown))


@require_safe
def incidents(request: HttpRequest, slug: str) -> HttpResponse:
    """Incidents of the last 90 days."""
    shown = _view(request, slug)
    return _json(request, shown, incidents=[_incident_json(shown, each) for each in [*shown.open, *shown.past]])


@require_safe
def unresolved(request: HttpRequest, slug: str) -> HttpResponse:
    """Incidents that are not over."""
    shown = _view(request, slug)
    return _json(request, shown, incidents=[_incident_json(shown, each) for each in shown.open])
