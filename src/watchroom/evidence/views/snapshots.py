"""What was kept."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...web.middleware import actor_of
from .. import commands, pictures, queries
from ..models import Snapshot
from .looking import may_keep


def _back(row: Snapshot) -> tuple[str, str]:
    if row.incident is not None:
        return f"Incident #{row.incident_id}", f"/incidents/{row.incident_id}"
    return "Alert", f"/alerts/{row.group_id}"


def snapshot(request: HttpRequest, pk: int) -> HttpResponse:
    """One snapshot, drawn again from what was kept: a page, or for the list of evidence its picture alone."""
    by = actor_of(request)
    row = queries.snapshot_for(by, pk)
    back, back_url = _back(row)
    subject = row.incident or row.group
    context = {
        "snapshot": row,
        "data": row.data,
        "shown": pictures.shown(row.kind, row.data),
        "back": back,
        "back_url": back_url,
        "may_delete": subject is not None and may_keep(by, subject),
    }
    return render(request, f"evidence/{'kept_item' if request.headers.get('HX-Request') else 'snapshot'}.html", context)


@require_POST
def snapshot_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep it no more."""
    by = actor_of(request)
    row = queries.snapshot_for(by, pk)
    url = _back(row)[1]
    commands.delete_snapshot(by, row)
    messages.success(request, "The snapshot is deleted.")
    return redirect(url)
