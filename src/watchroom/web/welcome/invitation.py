"""An invited person chooses a password and is in."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from ...accounts.actors import acting
from ...accounts.commands import accept_invitation, read_invitation
from ...accounts.queries import comes_by_provider_alone
from ...kernel.errors import Refused
from .forms import YouForm
from .walk import ensure_reachable


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """``/welcome/<token>``: a GET shows, a POST sets the password and signs in (with a second factor, if they have one)."""
    person = read_invitation(token)
    if comes_by_provider_alone(person):
        messages.info(request, f"You are {person.email} here, and come in by your company's own sign-in.")
        return redirect("account_login")
    first = not person.has_usable_password()
    form = YouForm(request.POST or None, initial={"name": person.name, "timezone": person.timezone})
    del form.fields["email"]
    if not first:
        del form.fields["name"], form.fields["timezone"]
    if request.method == "POST" and form.is_valid():
        try:
            joined = accept_invitation(token, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            if first:
                ensure_reachable(acting(joined), joined)
            messages.success(request, f"Welcome, {joined.name}.")
            record_authentication(request, joined, method="password", email=joined.email)
            return perform_login(request, joined, redirect_url="/me/contact" if first else "/")  # type: ignore[no-any-return]
    # The address is the key, and leaves only for ourselves: without any referrer browsers would call the origin of the form
    # "null", which is refused as somebody else's.
    return render(
        request,
        "welcome/invitation.html",
        {"form": form, "invited": person, "first": first},
        status=422 if form.errors else 200,
    )
