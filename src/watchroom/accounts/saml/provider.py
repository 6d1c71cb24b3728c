"""SAML as a provider of allauth's: a button on the sign-in page, and people who come back from it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.base import Provider as Base
from allauth.socialaccount.providers.base import ProviderAccount
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from ...kernel import clock
from ..leaving import leave_for
from ..models import IdentityProvider
from ..queries import addresses_of
from ..vouched import Vouched
from .asking import new_id, request_url


class Account(ProviderAccount):
    """How somebody is known there."""

    def get_user_data(self) -> dict[str, Any] | None:
        return self.account.extra_data  # type: ignore[no-any-return]


class Provider(Base):
    """One :class:`IdentityProvider`."""

    id = "saml"
    name = "SAML"
    account_class = Account
    supports_redirect = True

    def __init__(self, request: HttpRequest, app: Any = None) -> None:
        super().__init__(request, app)
        self.name = app.name

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        url = reverse("saml-login", args=[self.app.provider_id])
        return f"{url}?{urlencode(kwargs)}" if kwargs else url

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Ask the provider, and remember in this browser's session that it was asked."""
        row = IdentityProvider.objects.get(slug=self.app.provider_id)
        ours = addresses_of(row)
        asked = self.stash_redirect_state(request, process, next_url, data, state_id=new_id(), **kwargs)
        url = request_url(row.sso_url, id=asked, audience=ours["entity_id"], acs_url=ours["acs_url"], now=clock.now())
        return leave_for(request, url, row.name)

    def extract_uid(self, vouched: Vouched) -> str:
        return vouched.subject

    def extract_extra_data(self, vouched: Vouched) -> dict[str, Any]:
        groups = None if vouched.groups is None else list(vouched.groups)
        return {"email": vouched.email, "name": vouched.name, "groups": groups}

    def extract_common_fields(self, vouched: Vouched) -> dict[str, Any]:
        return {"email": vouched.email, "name": vouched.name}

    def extract_email_addresses(self, vouched: Vouched) -> list[EmailAddress]:
        return [EmailAddress(email=vouched.email, verified=True, primary=True)]


provider_classes = [Provider]
