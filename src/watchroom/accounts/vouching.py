"""What allauth asks when somebody comes in for whom an identity provider vouches."""

from __future__ import annotations

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.http import HttpRequest
from django.shortcuts import render

from ..kernel import settings as conf
from . import commands
from .actors import Actor
from .models import IdentityProvider, Person, ScimGroup
from .oidc.provider import Provider as OpenIDConnect
from .oidc.provider import check_nonce, vouched_by
from .saml.saying import WHY
from .vouched import Vouched, speaks_for

log = logging.getLogger(__name__)


class Adapter(DefaultSocialAccountAdapter):
    """Providers by SAML lie in the database; strangers come in where a provider, or the operator, says so; groups decide."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        rows = IdentityProvider.objects.all()
        if provider not in (None, "saml"):
            rows = rows.filter(slug=provider)
        mine = [
            SocialApp(
                provider="saml", provider_id=row.slug, name=row.name, client_id=row.slug,
                settings={"hidden": not row.enabled, "adds_people": row.adds_people, "domains": row.domains},
            )
            for row in rows
            if client_id in (None, row.slug)
        ]  # fmt: skip
        return super().list_apps(request, provider=provider, client_id=client_id) + mine

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """By an address that a provider has not verified somebody could take the place of its owner, who comes later."""
        if not any(each.verified for each in sociallogin.email_addresses):
            return False
        return conf.current().sign_up or bool(sociallogin.provider.app.settings.get("adds_people"))

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[Person, str] | None:
        """Whoever has the address as an administrator, or a provider, wrote it. What people note down about themselves in
        allauth's tables says nothing: by another one's address they would be taken for that other one."""
        for each in sociallogin.email_addresses:
            if each.verified and self.can_authenticate_by_email(sociallogin, each.email):
                person = Person.objects.filter(email__iexact=each.email).first()
                if person is not None:
                    return person, each.email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if isinstance(sociallogin.provider, OpenIDConnect):
            check_nonce(sociallogin)
        # Also whoever is known by the provider's own name for them: it could say that name of anybody.
        speaks_of = [each.email for each in sociallogin.email_addresses]
        if isinstance(sociallogin.user, Person) and sociallogin.user.pk:
            speaks_of.append(sociallogin.user.email)
        if sociallogin.state.get("process") == AuthProcess.CONNECT and isinstance(request.user, Person):
            speaks_of.append(request.user.email)
        for email in speaks_of:
            if not speaks_for(sociallogin.provider.app.settings.get("domains") or (), email):
                log.warning("Nobody was let in by %s: it may not speak for %s", sociallogin.provider.name, email)
                raise ImmediateHttpResponse(refusal(request, sociallogin.provider.name, "domain", address=email))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Person:
        by, vouched = _vouching(sociallogin), _vouched(sociallogin)
        email = next(each.email for each in sociallogin.email_addresses if each.verified)  # whatever a form says
        person = commands.create_person(by, email=email, name=vouched.name or email.partition("@")[0])
        sociallogin.user = person
        sociallogin.save(request, connect=True)
        return person

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        log.warning("Nobody was let in by %s: %s %s", provider, error, exception or "")
        raise ImmediateHttpResponse(refusal(request, str(provider), "refused" if error == "cancelled" else "provider"))


def come_in(login: SocialLogin, person: Person) -> None:
    """``person`` is in, with all that is asked of them here: now their groups count."""
    commands.apply_groups(_vouching(login), person, _groups(login))


def refusal(request: HttpRequest, provider: str, code: str, detail: str = "", address: str = "") -> Any:
    """The page for whoever was not let in: what is wrong and whom to ask. ``detail`` is for administrators alone, ``address`` is
    the one that it is about."""
    wrong, mend = WHY.get(code, WHY["provider"])
    wrong = wrong.format(address=address)
    context = {"provider": provider, "wrong": wrong, "mend": mend, "code": code, "detail": detail}
    answer = render(request, "account/not_let_in.html", context, status=403)
    answer["Cache-Control"] = "no-store"
    return answer


def _groups(login: SocialLogin) -> tuple[str, ...] | None:
    """What an answer says of groups; nothing where a provider pushes them: then those decide, at once, and not at a sign-in."""
    return None if ScimGroup.objects.exists() else _vouched(login).groups


def _vouching(login: SocialLogin) -> Actor:
    return Actor(kind="system", name=f"{login.provider.name} (sign-in)")


def _vouched(login: SocialLogin) -> Vouched:
    if isinstance(login.provider, OpenIDConnect):
        return vouched_by(login)
    said = login.account.extra_data
    groups = said.get("groups")
    return Vouched(login.account.uid, said["email"], said["name"], None if groups is None else tuple(groups))
