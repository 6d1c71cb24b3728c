"""The audit trail: who did what, when."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import queries
from ..models import AuditRecord

_PAGE = 50


def sentence(record: AuditRecord) -> str:
    """``service.changed`` in words: "service changed"."""
    return record.action.replace(".", " ").replace("_", " ")


def audit(request: HttpRequest) -> HttpResponseBase:
    """``/audit``: newest first; filters in the address, older and newer by cursor."""
    by = actor_of(request)
    rows = queries.audit_visible_to(by)
    read = request.GET.get
    if text := read("q", "").strip():
        rows = rows.filter(object_name__icontains=text) | rows.filter(actor_name__icontains=text)
    if kind := read("object", "").strip():
        rows = rows.filter(object_kind=kind)
    if action := read("action", "").strip():
        rows = rows.filter(action__startswith=action)
    if (person := whole(read("person", ""))) is not None:
        rows = rows.filter(person=person)
    if (team := whole(read("team", ""))) is not None:
        rows = rows.filter(team=team)
    after, before = whole(read("after", "")), whole(read("before", ""))
    if before is not None:
        found = list(rows.filter(pk__gt=before).order_by("id")[: _PAGE + 1])
        newer = len(found) > _PAGE
        shown = found[:_PAGE][::-1]
        older = bool(shown)
    else:
        found = list((rows if after is None else rows.filter(pk__lt=after)).order_by("-id")[: _PAGE + 1])
        shown = found[:_PAGE]
        newer, older = after is not None and bool(shown), len(found) > _PAGE
    context = {
        "records": [(record, sentence(record)) for record in shown],
        "newer": shown[0].pk if newer else None,
        "older": shown[-1].pk if older else None,
        "teams": queries.teams_visible_to(by).prefetch_related(None),
        "people": queries.people_visible_to(by).prefetch_related(None),
    }
    return render(request, "accounts/audit.html", context)
