"""The pages of action items."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.models import Team
from ..accounts.roles import Action
from ..evidence.queries import connection_by
from ..incidents import queries as incidents
from ..kernel import clock
from ..kernel.errors import Refused
from ..kernel.found import counted
from ..kernel.numbers import whole
from ..web.markdown import to_html
from ..web.middleware import actor_of
from . import commands, queries
from .forms import ActionForm
from .models import ActionItem

PAGE = 50


def actions(request: HttpRequest) -> HttpResponse:
    """What is to be done, the overdue first."""
    by = actor_of(request)
    filters = {name: request.GET.get(name, "") for name in ("show", "team", "incident", "q")}
    filters["show"] = filters["show"] or "open"
    visible = queries.visible_to(by)
    rows = queries.overdue_first(queries.filtered(by, visible, filters), filters["show"])
    number = whole(request.GET.get("page", ""), 5) or 1
    found = list(rows[(number - 1) * PAGE : number * PAGE + 1])
    shown = found[:PAGE]
    for item in shown:
        item.late = queries.is_overdue(item)  # type: ignore[attr-defined]
    asked = request.GET.copy()

    def page_url(which: int) -> str:
        asked["page"] = str(which)
        return f"?{asked.urlencode()}"

    return render(
        request,
        "actions/list.html",
        {
            "items": shown,
            "filters": filters,
            "teams": Team.objects.all(),
            "overdue": counted(queries.filtered(by, visible, {"show": "overdue"})),
            "mine": counted(queries.filtered(by, visible, {"show": "mine"})),
            "narrowed": any(filters[name] for name in ("team", "incident", "q")) or filters["show"] != "open",
            "before_url": page_url(number - 1) if number > 1 else None,
            "after_url": page_url(number + 1) if len(found) > PAGE else None,
        },
    )


def action(request: HttpRequest, pk: int) -> HttpResponse:
    """One action item, what can be done with it, and what happened to it."""
    by = actor_of(request)
    item = queries.item_for(by, pk)
    seen = item.incident_id and incidents.visible_to(by).filter(pk=item.incident_id).exists()
    return render(
        request,
        "actions/action.html",
        {
            "item": item,
            "incident": item.incident if seen else None,
            "description": to_html(item.description),
            "late": queries.is_overdue(item),
            "events": item.events.select_related("person").order_by("-id"),
            "issue": getattr(item, "issue", None),
            "trackers": queries.trackers_for(by, item) if item.is_open and not hasattr(item, "issue") else [],
            "may_connect": by.may_somewhere(Action.MANAGE),
        },
    )


def new(request: HttpRequest) -> HttpResponse:
    """Write one down. ``?incident=7`` says what it came of."""
    by = actor_of(request)
    number = whole(request.GET.get("incident", ""))
    incident = None if number is None else incidents.incident_for(by, number)
    initial = {"due_on": (clock.now() + timedelta(days=14)).date(), "owner": by.person, "priority": 2}
    form = ActionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            item = commands.create(by, incident=incident, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, "The action item is written down.")
            postmortem = getattr(incident, "postmortem", None) if incident else None
            if postmortem is not None and request.POST.get("back") == "postmortem":
                return redirect("postmortem", postmortem.pk)
            return redirect("action", item.pk)
    context = {"form": form, "incident": incident, "back": request.POST.get("back") or request.GET.get("back", "")}
    return render(request, "actions/form.html", context, status=422 if form.errors else 200)


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one."""
    by = actor_of(request)
    item = queries.item_for(by, pk)
    names = ("title", "owner", "due_on", "kind", "priority", "team", "description")
    form = ActionForm(request.POST or None, initial={name: getattr(item, name) for name in names})
    if request.method == "POST" and form.is_valid():
        try:
            commands.change(by, item, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return redirect("action", pk)
    context = {"form": form, "item": item}
    return render(request, "actions/form.html", context, status=422 if form.errors else 200)


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody works on it."""
    by = actor_of(request)
    return _shown(commands.start(by, queries.item_for(by, pk)))


@require_POST
def complete(request: HttpRequest, pk: int) -> HttpResponse:
    """It is done."""
    by = actor_of(request)
    item = commands.complete(by, queries.item_for(by, pk), note=request.POST.get("note", ""))
    messages.success(request, f"Done: {item.title}")
    return redirect("actions") if request.POST.get("back") == "actions" else _shown(item)


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """It will not be done."""
    by = actor_of(request)
    return _shown(commands.drop(by, queries.item_for(by, pk), request.POST.get("reason", "")))


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """It is to be done after all."""
    by = actor_of(request)
    return _shown(commands.reopen(by, queries.item_for(by, pk)))


@require_POST
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an issue of it, link one, look at it now (``do=look``) or unlink it (``do=forget``)."""
    by, do = actor_of(request), request.POST.get("do", "make")
    item = queries.item_for(by, pk)
    if do == "look":
        commands.look_again(by, item)
    elif do == "forget":
        commands.forget_issue(by, item)
    else:
        connection = connection_by(by, request.POST.get("connection", ""))
        if do == "link":
            commands.link_issue(by, item, connection, request.POST.get("issue", ""))
        else:
            commands.make_issue(by, item, connection)
    return _shown(item)


def _shown(item: ActionItem) -> HttpResponse:
    return redirect("action", item.pk)
