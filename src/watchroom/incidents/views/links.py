"""What incidents have to do with each other, by page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, linked, queries


@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Link it with another incident by its number, or take a link away."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    gone = request.POST.get("unlink", "")
    if gone:
        commands.unlink_incidents(by, linked.link_for(by, found, whole(gone) or 0))
        return redirect("incident", pk)
    written = request.POST.get("other", "").strip()
    if (number := whole(written.removeprefix("#"))) is None:
        raise Refused(
            "That is no incident.", field="other", value=written[:40], fix="Write the number in its address, as 12."
        )
    commands.link_incidents(by, found, queries.incident_for(by, number), request.POST.get("kind", ""))
    return redirect("incident", pk)
