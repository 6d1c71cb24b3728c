"""Sign-in by SAML in four steps: the browser leaves with a question, brings the answer, comes for what it says, and is in.

The answer is brought by a form of the provider's page. Browsers send no session cookie along with that (SameSite=Lax), so the
address that takes it (``acs``) only checks the answer and keeps what it says under a key. The browser comes for that by itself, with
its cookie, and it is looked whether it was this browser that asked: nobody is signed in by what somebody else's browser asked for.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.base.utils import respond_to_login_on_get
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ...kernel import clock
from ...kernel.errors import NotAllowed
from ...kernel.signing import sign, unsign
from ...web.middleware import actor_of
from .. import commands
from ..models import IdentityProvider
from ..queries import addresses_of
from ..roles import Action
from ..saml.judging import judged, whom
from ..saml.metadata import own_metadata
from ..saml.provider import Provider
from ..saml.reading import Expected, NotTaken, read
from ..saml.saying import WHY, vouched
from ..vouched import Vouched
from ..vouching import refusal

log = logging.getLogger(__name__)
TRY = "try"  # an administrator looks what would happen
_REFUSED = "saml.refused"


def _row(slug: str) -> IdentityProvider:
    row = IdentityProvider.objects.filter(slug=slug).first()
    if row is None:
        raise Http404
    return row


def _provider(request: HttpRequest, row: IdentityProvider) -> Provider:
    found = get_adapter(request).get_provider(request, row.slug)
    assert isinstance(found, Provider)
    return found


@require_GET
@login_not_required
def metadata(request: HttpRequest, slug: str) -> HttpResponse:
    """``/account/saml/<slug>/metadata``: what the provider has to know of us. It is no secret."""
    ours = addresses_of(_row(slug))
    return HttpResponse(
        own_metadata(ours["entity_id"], ours["acs_url"]), content_type="application/samlmetadata+xml; charset=utf-8"
    )


@require_http_methods(["GET", "POST"])
@login_not_required
def login(request: HttpRequest, slug: str) -> HttpResponse:
    """``/account/saml/<slug>/login``: off to the provider; opened by a link, it asks first, so that no other page sends people there."""
    row = _row(slug)
    if not row.enabled:
        return refusal(request, row.name, "off")
    provider = _provider(request, row)
    return respond_to_login_on_get(request, provider) or provider.redirect_from_request(request)


@csrf_exempt  # the form is the provider's; what it brings is signed
@require_POST
@login_not_required
def acs(request: HttpRequest, slug: str) -> HttpResponse:
    """``/account/saml/<slug>/acs``: the answer is brought. What it says is kept; nobody is signed in yet."""
    row = _row(slug)
    try:
        said = read(request.POST.get("SAMLResponse", ""), _expected(row), clock.now())
        try:
            who = vouched(said, email=row.email_attribute, name=row.name_attribute, groups=row.groups_attribute)
        except NotTaken as error:
            error.asked = said.asked
            raise
        going = {"key": commands.keep_answer(row, said, who)}
    except NotTaken as error:
        log.warning("An answer of %s was not taken: %s", row, error)
        told = [error.code, error.detail[:1000], error.asked, row.pk]
        going = {"not": sign(_REFUSED, told, valid_for=timedelta(minutes=10))}
    there = HttpResponseRedirect(f"{reverse('saml-arrive', args=[row.slug])}?{urlencode(going)}", status=303)
    there["Cache-Control"] = "no-store"
    return there


def _expected(row: IdentityProvider) -> Expected:
    ours = addresses_of(row)
    return Expected(ours["entity_id"], ours["acs_url"], row.entity_id, tuple(row.certificates))


@require_http_methods(["GET", "POST"])
@login_not_required
def arrive(request: HttpRequest, slug: str) -> HttpResponse:
    """``/account/saml/<slug>/arrive``: the browser comes for what its answer says. A POST says yes to :func:`_sign_in_as`."""
    row = _row(slug)
    provider = _provider(request, row)
    if token := request.GET.get("not"):
        try:
            code, detail, asked, of = unsign(_REFUSED, token)
        except NotAllowed:
            code, detail, asked, of = "forgotten", "", "", row.pk
        return _not_taken(request, row, provider, code if of == row.pk else "forgotten", detail, asked)
    key = request.POST.get("key") or request.GET.get("key", "")
    if request.method == "GET" and row.unasked and (unasked := commands.unasked_answer(row, key)):
        return _sign_in_as(request, row, key, _who(unasked))
    fetched = commands.fetch_answer(key)
    if fetched is None or fetched[0].provider_id != row.pk:
        return _not_taken(request, row, provider, "forgotten")
    kept, said = fetched
    state = _asked_by_us(request, provider, kept.asked)
    if state is None:
        if kept.asked or not row.unasked:
            return _not_taken(request, row, provider, "forgotten" if kept.asked else "unasked")
        state = {"process": AuthProcess.LOGIN}  # begun at the provider's: home, wherever it would lead (no RelayState)
    who = _who(said)
    if state["process"] == TRY:
        return _tried(request, row, who=who, attributes=said["attributes"])
    if not row.enabled:
        return _not_taken(request, row, provider, "off")
    coming = provider.sociallogin_from_response(request, who)
    coming.state = state
    return complete_social_login(request, coming)  # type: ignore[no-any-return]


def _who(said: dict[str, Any]) -> Vouched:
    groups = said["groups"]
    return Vouched(said["subject"], said["email"], said["name"], None if groups is None else tuple(groups))


def _sign_in_as(request: HttpRequest, row: IdentityProvider, key: str, who: Vouched) -> HttpResponse:
    """Nobody here asked for this answer: it may be somebody else's, who would like to see what is typed in their name. So whoever
    sits there is asked."""
    person, _ = whom(row, who)
    if person is not None and request.user == person:
        commands.fetch_answer(key)
        return redirect("home")
    context = {
        "provider": row,
        "name": person.name if person else who.name,
        "email": person.email if person else who.email,
        "key": key,
    }
    answer = render(request, "account/sign_in_as.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _asked_by_us(request: HttpRequest, provider: Provider, asked: str) -> dict[str, Any] | None:
    """What this browser's session remembers of the request; it is used up. None: it did not ask."""
    if not asked:
        return None
    return statekit.unstash_state(request, state_id=asked, provider_id=provider.sub_id)


def _not_taken(
    request: HttpRequest, row: IdentityProvider, provider: Provider, code: str, detail: str = "", asked: str = ""
) -> HttpResponse:
    state = _asked_by_us(request, provider, asked)
    if state and state["process"] == TRY:
        return _tried(request, row, code=code, detail=detail)
    by = getattr(request, "actor", None)
    return refusal(request, row.name, code, detail if by is not None and by.may(Action.ADMINISTER) else "")


@require_POST
def try_it(request: HttpRequest, slug: str) -> HttpResponse:
    """``/identity-providers/<slug>/try``: as a sign-in would be, also before it is switched on. Nobody is signed in by it."""
    by = actor_of(request)
    by.require(Action.ADMINISTER)
    row = _row(slug)
    return _provider(request, row).redirect(request, TRY)


def _tried(
    request: HttpRequest,
    row: IdentityProvider,
    *,
    who: Vouched | None = None,
    attributes: dict[str, list[str]] | None = None,
    code: str = "",
    detail: str = "",
) -> HttpResponse:
    """What the provider said, and what Watchroom would make of it; to the administrator who tried it."""
    actor_of(request).require(Action.ADMINISTER)
    context: dict[str, Any] = {"provider": row, "who": who, "attributes": sorted((attributes or {}).items())}
    if who is not None:
        context["judged"] = judged(row, who)
    else:
        context["wrong"], context["mend"] = WHY.get(code, WHY["provider"])
        context["detail"] = detail
    answer = render(request, "accounts/identity_provider_tried.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
