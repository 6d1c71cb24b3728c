"""One's own profile and API tokens."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...kernel import clock
from ...kernel.errors import NotFound, NotSignedIn, WatchroomError
from ...web.middleware import actor_of
from .. import commands, queries
from ..actors import Actor
from ..forms import ProfileForm, TokenForm, blame
from ..models import ApiToken, Person


def _self(request: HttpRequest) -> tuple[Actor, Person]:
    by = actor_of(request)
    if by.person is None:
        raise NotSignedIn
    return by, by.person


def me(request: HttpRequest) -> HttpResponseBase:
    """``/me``: name, time zone, theme, shortcuts; tokens; the ways to the other pages about oneself."""
    by, person = _self(request)
    initial = {"name": person.name, "timezone": person.timezone, "theme": person.theme, "shortcuts": person.shortcuts}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            commands.change_person(by, person, **form.cleaned_data)
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("me")
    return render(request, "accounts/me.html", _context(person) | {"form": form}, status=422 if form.errors else 200)


def _context(person: Person) -> dict[str, object]:
    return {
        "form": ProfileForm(
            initial={
                "name": person.name,
                "timezone": person.timezone,
                "theme": person.theme,
                "shortcuts": person.shortcuts,
            }
        ),
        "token_form": TokenForm(auto_id="token_%s"),
        "tokens": ApiToken.objects.filter(person=person, revoked_at=None),
        "now": clock.now(),
    }


@require_POST
def token_new(request: HttpRequest) -> HttpResponseBase:
    """Make a token; its key is in this answer and nowhere else."""
    by, person = _self(request)
    form = TokenForm(request.POST, auto_id="token_%s")
    made = None
    if form.is_valid():
        days = form.cleaned_data["days"]
        try:
            made = commands.make_token(
                by,
                name=form.cleaned_data["name"],
                scope=form.cleaned_data["scope"],
                expires_at=clock.now() + timedelta(days=days) if days else None,
            )
        except WatchroomError as error:
            blame(form, error)
    context = _context(person) | ({"made": made[0], "key": made[1]} if made else {"token_form": form})
    answer = render(request, "accounts/me.html", context, status=200 if made else 422)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The token is worth nothing from now on."""
    by = actor_of(request)
    token = queries.tokens_visible_to(by).filter(pk=pk).first()
    if token is None:
        raise NotFound("There is no such token.", field="token", value=pk, fix="See your profile.")
    commands.revoke_token(by, token)
    messages.success(request, f"“{token.name}” is revoked.")
    return redirect("me")
