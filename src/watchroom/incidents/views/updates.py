"""What stakeholders are told: the draft, what was published, and the templates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...kernel.numbers import whole, wholes
from ...status import commands as status
from ...status.models import ComponentState, PublishedUpdate
from ...status.queries import showings_of
from ...web.middleware import actor_of
from .. import commands, queries, rules, wording
from ..models import Incident, Update, UpdateDraft, UpdateTemplate
from ..severities import severity_of
from ..update_forms import AUDIENCE_NAMES, DraftForm, PageStates, initial_of
from ._publishing import publish
from ._room import may_act

_MOST_STATES = 200  # components whose state can be said in the form; of more, only on pages that concern the incident
_STATES = [each for each in ComponentState.choices if each[0] != ComponentState.MAINTENANCE]


def _pages(incident: Incident) -> dict[str, Any]:
    """Status pages to publish on, and how their components are; none for what is not for strangers."""
    if not status.is_for_strangers(incident):
        return {}
    labels, folds, left = [], [], _MOST_STATES
    for each in showings_of(incident):
        what = ", ".join(each.concerned[:3]) + (" …" if len(each.concerned) > 3 else "")
        shown = "shows it" if each.is_shown else ""
        hint = ": ".join(filter(None, (shown, what)))
        labels.append((each.page.slug, f"{each.page.name} ({hint})" if hint else each.page.name))
        concerns = each.is_shown or bool(each.concerned)
        left -= len(each.states)
        if concerns or left >= 0:
            said = [(component.pk, component.name, state) for component, state in each.states]
            folds.append(PageStates(each.page.slug, each.page.name, each.is_shown, said))
    return {"pages": labels, "page_states": folds, "states": _STATES}


def _template(incident: Incident, slug: str) -> UpdateTemplate | None:
    return next((each for each in queries.templates_for(incident) if each.slug == slug), None)


def _corrected(incident: Incident, written: str) -> Update | None:
    number = whole(written)
    return None if number is None else incident.updates.filter(pk=number).first()


def updates(request: HttpRequest, pk: int) -> HttpResponse:
    """Write, save, publish; also shows all that was published."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    draft = UpdateDraft.objects.select_related("edited_by").filter(incident=found).first()
    corrected = _corrected(found, request.POST.get("corrects") or request.GET.get("correct", ""))
    lists = [(row.slug, f"{row.name} ({row.get_audience_display().lower()})") for row in status.lists_for(found)]
    last = found.updates.first()
    options = _pages(found) | {"lists": lists, "every": severity_of(found.severity).update_every}
    publishing = request.POST.get("do", "publish") == "publish"
    error: WatchroomError | None = None
    blames: list[rules.blameless.Finding] = []
    if request.method == "POST":
        form = DraftForm(request.POST, publishing=publishing, **options)
        if form.is_valid() and publishing and not request.POST.get("as_is"):
            blames = wording.findings_in(form.texts())
        if form.is_valid() and not blames:
            try:
                return _act(request, by, found, form, corrected, publishing)
            except (Conflict, Refused) as refused:
                error = refused
    else:
        template = _template(found, request.GET.get("template", ""))
        again = _corrected(found, request.GET.get("again", ""))
        stage = rules.stage_now(found.phase, last.stage if last else None)
        initial = initial_of(
            draft,
            template,
            corrected or again,
            queries.facts_for_templates(found),
            stage,
            last=last,
            corrects=corrected is not None,
        )
        shown_on = PublishedUpdate.objects.filter(update__incident=found)
        initial["lists"] = [slug for slug, _ in lists]
        initial["pages"] = list(shown_on.values_list("public_incident__page__slug", flat=True).distinct())
        form = DraftForm(initial=initial, **options)
        blames = wording.findings_in(map(str, form.initial.values()))
    holders = list(found.roles.filter(ended_at__isnull=True))
    context = {
        "incident": found,
        "form": form,
        "draft": draft,
        "error": error,
        "findings": blames,
        "last": last,
        "held_back": form.is_bound and bool(blames),
        "corrected": corrected,
        "updates": queries.updates_of(found),
        "acts": may_act(by, found, holders),
        "publishes": commands.may_publish(by, found),
        "rule": rules.publishing_rule({row.role for row in holders}),
        "templates": queries.templates_for(found),
        "audience_names": AUDIENCE_NAMES,
        "late": found.is_open and rules.is_overdue(found.next_update_at, clock.now()),
    }
    code = error.status if error else 422 if form.is_bound and (form.errors or blames) else 200
    return render(request, "incidents/updates.html", context, status=code)


def _act(
    request: HttpRequest, by: Actor, found: Incident, form: DraftForm, corrected: Update | None, publishing: bool
) -> HttpResponse:
    said = form.cleaned_data
    words: dict[str, Any] = {part: said[part] for part in ("stage", *rules.PARTS)} | {"wordings": form.wordings()}
    version = said.get("version") or 0
    if not publishing or not commands.may_publish(by, found):
        commands.save_draft(by, found, version=version, **words)
        note = (
            "The draft is saved."
            if not publishing
            else "The communications lead or the commander publishes; it is saved."
        )
        messages.success(request, note)
        return redirect("incident-updates", found.pk)
    # The short form in the room says nothing of lists and knows no draft.
    is_whole = bool(request.POST.get("whole"))
    publish(
        by,
        found,
        pages=said.get("pages", []),
        title=said.get("title", ""),
        impacts=form.impacts(),
        next_update_at=form.promised(),
        corrects=corrected,
        lists=said.get("lists", []) if is_whole else None,
        draft_version=version if is_whole and corrected is None else None,
        **words,
    )
    messages.success(request, "The correction is published." if corrected else "The update is published.")
    return redirect("incident", found.pk)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw the draft away."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    commands.discard_draft(by, found, version=whole(request.POST.get("version", ""), 8) or 0)
    messages.success(request, "The draft is gone.")
    return redirect("incident-updates", pk)


# --- Templates ---


def templates(request: HttpRequest) -> HttpResponse:
    """All templates."""
    rows = queries.templates_visible_to(actor_of(request))
    return render(request, "incidents/update_templates.html", {"templates": rows})


def template(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a template, or change one."""
    by = actor_of(request)
    row = queries.template_by(by, slug) if slug else None
    error: WatchroomError | None = None
    if request.method == "POST":
        given = request.POST
        written: dict[str, Any] = {
            name: given.get(name, "").strip()
            for name in ("name", "team", "stage", "audience", "happening", "impact", "doing")
        }
        written["severities"] = wholes(given.getlist("severities"))
        try:
            commands.save_template(by, row, **(written | {"team": team_by(written["team"])}))
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("update-templates")
    elif row is not None:
        names = ("name", "stage", "audience", "severities", "happening", "impact", "doing")
        written = {name: getattr(row, name) for name in names} | {"team": row.team.slug}
    else:
        written = {"stage": "investigating", "severities": []}
    context = {
        "template": row,
        "written": written,
        "error": error,
        "teams": by.teams_where(Action.MANAGE),
        "stages": Update.Stage.choices,
        "audiences": AUDIENCE_NAMES.items(),
        "severities": range(1, 6),
    }
    return render(request, "incidents/update_template.html", context, status=error.status if error else 200)


@require_POST
def delete_template(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a template."""
    by = actor_of(request)
    commands.delete_template(by, queries.template_by(by, slug))
    return redirect("update-templates")
