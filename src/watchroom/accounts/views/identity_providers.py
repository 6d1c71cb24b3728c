"""Sign-in by a company's own identity provider: set up, tried, switched on; and what its groups give."""

from __future__ import annotations

import json

from cryptography import x509
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.errors import Conflict, WatchroomError
from ...kernel.finding import one
from ...web.middleware import actor_of
from .. import commands, queries
from ..forms import GrantForm, IdentityProviderForm, blame
from ..models import IdentityProvider, ScimGroup, ScimUser
from ..queries import addresses_of, missing_of
from ..roles import Role

_FIELDS = (
    "name", "metadata_url", "entity_id", "sso_url", "adds_people", "unasked",
    "email_attribute", "name_attribute", "groups_attribute",
)  # fmt: skip


def index(request: HttpRequest, form: GrantForm | None = None) -> HttpResponseBase:
    """``/identity-providers``: whoever vouches for people here, and what groups give."""
    by = actor_of(request)
    oidc = json.loads(conf.current().oidc) if conf.current().oidc else None
    context = {
        "providers": [(row, missing_of(row), _ends(row)) for row in queries.providers_visible_to(by)],
        "oidc": oidc
        and {"name": oidc.get("name"), "server_url": oidc.get("server_url"), "domains": oidc.get("domains")},
        "oidc_callback": f"{conf.current().url}/account/oidc/oidc/login/callback/",
        "grants": [(row, Role(row.role).word) for row in queries.grants_visible_to(by)],
        "scim_url": f"{conf.current().url}/scim/v2",
        "scim_people": ScimUser.objects.count(),
        "scim_groups": ScimGroup.objects.count(),
        "only": queries.is_single_sign_on_only(),
        "holds": queries.passwords_are_off(),
        "proved": queries.administrators_come_in(),
        "grant_form": form or GrantForm(auto_id="grant_%s"),
    }
    return render(request, "accounts/identity_providers.html", context, status=422 if form else 200)


def _ends(row: IdentityProvider) -> dict[str, object] | None:
    """When the last of its certificates runs out, where that is near."""
    ends = [x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc for pem in row.certificates]
    days = (max(ends) - clock.now()).days if ends else 1000
    return {"at": max(ends), "over": days < 0} if days < 30 else None


def edit(request: HttpRequest, slug: str = "") -> HttpResponseBase:
    """``/identity-providers/new`` and ``/identity-providers/<slug>``."""
    by = actor_of(request)
    rows = queries.providers_visible_to(by)
    row = one(rows, "identity provider", slug=slug) if slug else None
    initial = {name: getattr(row, name) for name in _FIELDS} if row else {}
    if row:
        initial |= {"certificates": "\n".join(row.certificates), "domains": ", ".join(row.domains)}
    form = IdentityProviderForm(request.POST or None, initial=initial)
    if row is None:
        form.only_name()
    if request.method == "POST" and form.is_valid():
        said = {each: form.cleaned_data[each] for each in {"name", *form.changed_data}}
        try:
            saved = commands.save_provider(by, row, **said)
        except WatchroomError as error:
            blame(form, error)
        else:
            _tell(request, row, saved)
            return redirect("identity-provider", saved.slug)
    shown = one(rows, "identity provider", slug=slug) if slug else None  # as it is, whatever was typed
    context: dict[str, object] = {"form": form, "provider": shown}
    if shown:
        context |= {"ours": addresses_of(shown), "missing": missing_of(shown), "ends": _ends(shown)}
    return render(request, "accounts/identity_provider.html", context, status=422 if form.errors else 200)


def _tell(request: HttpRequest, before: IdentityProvider | None, saved: IdentityProvider) -> None:
    """What came of it: also of reading its metadata, where that was done."""
    if before is None:
        messages.success(request, "Now give your provider the addresses below.")
    elif saved.read_at == before.read_at:
        messages.success(request, "Saved.")
    elif saved.error:
        messages.error(request, f"Saved, but its metadata could not be read: {saved.error}")
    else:
        count = len(saved.certificates)
        messages.success(request, f"Saved, and its metadata was read: {count} certificate{'' if count == 1 else 's'}.")


@require_POST
def do(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What the buttons of a provider's page do."""
    by = actor_of(request)
    row = queries.provider_for(by, slug)
    match request.POST.get("do", ""):
        case "on" | "off" as which:
            commands.switch_provider(by, row, on=which == "on")
            messages.success(request, f"“{row.name}” is switched {which}.")
        case "read":
            try:
                commands.read_again(by, row)
                messages.success(request, "Its metadata is up to date.")
            except WatchroomError as error:
                messages.error(request, str(error))
        case "delete":
            commands.delete_provider(by, row)
            messages.success(request, f"“{row.name}” is deleted.")
            return redirect("identity-providers")
    return redirect("identity-provider", slug)


@require_POST
def only(request: HttpRequest) -> HttpResponseBase:
    """Make providers the only way in, or not."""
    by, on = actor_of(request), request.POST.get("only") == "on"
    try:
        commands.switch_single_sign_on_only(by, on=on)
        messages.success(
            request, "Passwords are off but for administrators." if on else "Passwords work for everybody."
        )
    except Conflict as error:
        messages.error(request, str(error))
    return redirect("identity-providers")


@require_POST
def grant_new(request: HttpRequest) -> HttpResponseBase:
    """Say what being in a group gives."""
    by = actor_of(request)
    form = GrantForm(request.POST, auto_id="grant_%s")
    if form.is_valid():
        try:
            commands.save_grant(by, None, **form.cleaned_data)
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Saved. It holds from each person's next sign-in on.")
            return redirect("identity-providers")
    return index(request, form)


@require_POST
def grant_delete(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The group gives this no more."""
    by = actor_of(request)
    commands.delete_grant(by, one(queries.grants_visible_to(by), "group grant", pk=pk))
    messages.success(request, "The group gives this no more.")
    return redirect("identity-providers")
