"""The pages of postmortems."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.models import Team
from ..api.pages import page
from ..incidents.queries import incident_for
from ..kernel.errors import Conflict, Refused
from ..web.markdown import to_html
from ..web.middleware import actor_of
from . import commands, queries, rules
from .forms import PostmortemForm
from .models import Postmortem

PAGE = 30


def postmortems(request: HttpRequest) -> HttpResponse:
    """All postmortems, the latest first."""
    by = actor_of(request)
    filters = {name: request.GET.get(name, "") for name in ("state", "team", "q")}
    rows = queries.filtered(queries.listed_for(by), filters)
    shown, following = page(rows, cursor=request.GET.get("after") or None, limit=PAGE)
    return render(
        request,
        "postmortems/list.html",
        {
            "postmortems": shown,
            "filters": filters,
            "teams": Team.objects.all(),
            "narrowed": any(filters.values()) or "after" in request.GET,
            "older": following,
        },
    )


def postmortem(request: HttpRequest, pk: int) -> HttpResponse:
    """One postmortem, to be read; and what has to happen to it next."""
    by = actor_of(request)
    row = queries.postmortem_for(by, pk)
    wrote = by.person is not None and by.person.pk in queries.writers_of(row)
    sections = [
        (name, rules.NAMES[name], to_html(text)) for name, text in queries.sections_of(row).items() if text.strip()
    ]
    return render(
        request,
        "postmortems/postmortem.html",
        {
            "postmortem": row,
            "incident": row.incident,
            "sections": sections,
            "reviews": queries.reviews_of(row),
            "actions": row.incident.action_items.select_related("owner", "issue"),
            "approvals": queries.approvals_of(row),
            "blaming": []
            if row.state == Postmortem.State.PUBLISHED
            else [(name, rules.NAMES[name], found) for name, found in queries.findings_in(row)],
            "missing": [] if row.state == Postmortem.State.PUBLISHED else queries.missing_for(row),
            "may_review": row.state == Postmortem.State.IN_REVIEW and not wrote,
            "wrote": wrote,
            "revisions": row.revisions.select_related("by")[:10],
        },
    )


def document(request: HttpRequest, pk: int) -> HttpResponse:
    """All of it as a file in Markdown, to be kept elsewhere."""
    row = queries.postmortem_for(actor_of(request), pk)
    answer = HttpResponse(queries.document_of(row), content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{queries.file_name_of(row)}"'
    return answer


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A text for each section. Two who edit at once never overwrite each other unseen."""
    by = actor_of(request)
    row = queries.postmortem_for(by, pk)
    form = PostmortemForm(request.POST or None, initial=queries.sections_of(row) | {"version": row.version})
    status, clash = 200, False
    if request.method == "POST":
        status = 422
        if form.is_valid():
            fields = dict(form.cleaned_data)
            try:
                commands.edit(by, row, version=fields.pop("version"), **fields)
            except Conflict as error:
                form.add_error(None, str(error))
                status, clash = 409, True
            except Refused as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                messages.success(request, "Saved.")
                return redirect("postmortem", pk)
    context = {"form": form, "postmortem": row, "incident": row.incident, "clash": clash}
    return render(request, "postmortems/edit.html", context, status=status)


@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the postmortem of an incident."""
    by = actor_of(request)
    return redirect("postmortem", commands.draft(by, incident_for(by, pk)).pk)


@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for reviews."""
    by = actor_of(request)
    commands.submit(by, queries.postmortem_for(by, pk))
    messages.success(request, "It is in review. Ask somebody who did not write it to read it.")
    return redirect("postmortem", pk)


@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, or ask for changes."""
    by = actor_of(request)
    row = queries.postmortem_for(by, pk)
    commands.review(by, row, request.POST.get("verdict", ""), request.POST.get("comment", ""))
    return redirect("postmortem", pk)


@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it the word on what happened."""
    by = actor_of(request)
    commands.publish(by, queries.postmortem_for(by, pk))
    messages.success(request, "Published.")
    return redirect("postmortem", pk)
