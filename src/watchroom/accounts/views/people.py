"""People: the list, one person, and what administrators do to them."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...kernel.errors import WatchroomError
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, queries, rules
from ..actors import Actor
from ..forms import InviteForm, NewPersonForm, PersonForm, blame
from ..models import Person
from ..roles import Action, Role

_MOST = 300  # more than this is for the search


def people(request: HttpRequest) -> HttpResponseBase:
    """``/people``: who there is, with search and filters."""
    by = actor_of(request)
    rows = queries.people_visible_to(by)
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=text) | Q(email__icontains=text))
    rows = rows.filter(is_active=request.GET.get("state") != "left")
    if (team := whole(request.GET.get("team", ""))) is not None:
        rows = rows.filter(memberships__team=team)
    found = list(rows[: _MOST + 1])
    context = {
        "people": found[:_MOST],
        "more": len(found) > _MOST,
        "teams": queries.teams_visible_to(by).prefetch_related(None),
        "may_add": by.may(Action.ADMINISTER),
    }
    return render(request, "accounts/people.html", context)


def person_new(request: HttpRequest) -> HttpResponseBase:
    """``/people/new``: add somebody and get the link for them."""
    by = actor_of(request)
    by.require(Action.ADMINISTER)
    here = by.person.timezone if by.person else "UTC"
    form = NewPersonForm(
        request.POST or None,
        initial={"role": "responder", "timezone": here, "team": whole(request.GET.get("team", ""))},
    )
    if request.method == "POST" and form.is_valid():
        team = form.cleaned_data.pop("team")
        try:
            with transaction.atomic():
                made = commands.create_person(by, **form.cleaned_data)
                if team:
                    commands.set_member(by, team, made, min(Role(made.role), Role.MANAGER).word)
        except WatchroomError as error:
            blame(form, error)
        else:
            return _show_invitation(request, by, made)
    return render(request, "accounts/person_form.html", {"form": form}, status=422 if form.errors else 200)


def people_invite(request: HttpRequest) -> HttpResponseBase:
    """``/people/invite``: add several people, and get the links for them."""
    by = actor_of(request)
    by.require(Action.ADMINISTER)
    here = by.person.timezone if by.person else "UTC"
    form = InviteForm(request.POST or None, initial={"timezone": here, "team": whole(request.GET.get("team", ""))})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            named = rules.named_in(given.pop("people"))
            invited = commands.invite_several(by, named, **given)
        except WatchroomError as error:
            blame(form, error)
        else:
            # As for one: shown in the answer itself, once.
            context = {"invited": invited, "team": given["team"], "mailed": all(_on_its_way(each) for each in invited)}
            answer = render(request, "accounts/invited_several.html", context)
            answer["Cache-Control"] = "no-store"
            return answer
    return render(request, "accounts/invite_form.html", {"form": form}, status=422 if form.errors else 200)


def _on_its_way(invited: commands.Invited) -> bool:
    return invited.invitation is None or invited.invitation.mailed


def person(request: HttpRequest, pk: int) -> HttpResponseBase:
    """``/people/<id>``: who they are; administrators change it here."""
    by = actor_of(request)
    row = queries.person_for(by, pk)
    may_edit = by.may(Action.ADMINISTER)
    form = None
    if may_edit:
        initial = {"name": row.name, "email": row.email, "role": Role(row.role).word, "timezone": row.timezone}
        form = PersonForm(request.POST or None, initial=initial)
    if request.method == "POST":
        by.require(Action.ADMINISTER)
        if form and form.is_valid():
            try:
                commands.change_person(by, row, **form.cleaned_data)
            except WatchroomError as error:
                blame(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect("person", pk)
    wrong = form is not None and bool(form.errors)
    return render(
        request,
        "accounts/person.html",
        {"person": row, "form": form, "may_edit": may_edit, "may_page": row.is_active and by.may(Action.RESPOND)},
        status=422 if wrong else 200,
    )


@require_POST
def person_invite(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Make a (new) link by which they choose a password."""
    by = actor_of(request)
    return _show_invitation(request, by, queries.person_for(by, pk))


def _show_invitation(request: HttpRequest, by: Actor, person: Person) -> HttpResponseBase:
    # Shown in the answer itself, once: the link is as good as a password, so it is put nowhere else.
    invitation = commands.invite(by, person)
    answer = render(request, "accounts/invited.html", {"person": person, "invitation": invitation})
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponseBase:
    """They have left."""
    by = actor_of(request)
    row = queries.person_for(by, pk)
    commands.deactivate_person(by, row)
    messages.success(request, f"{row} can't sign in any more and is not paged.")
    return redirect("person", pk)


@require_POST
def person_activate(request: HttpRequest, pk: int) -> HttpResponseBase:
    """They are back."""
    by = actor_of(request)
    row = queries.person_for(by, pk)
    commands.activate_person(by, row)
    messages.success(request, f"{row} may sign in again.")
    return redirect("person", pk)
