"""The client side of OpenID Connect: what is asked of a provider, and that its answer is the one that was asked for."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from requests import RequestException

from ..leaving import leave_for
from ..vouched import Vouched


class Provider(OpenIDConnectProvider):
    """Asks with a proof of who asked (PKCE, RFC 7636) and a word that the ID token has to repeat (nonce)."""

    def get_oauth2_adapter(self, request: HttpRequest) -> OpenIDConnectOAuth2Adapter:
        if not hasattr(self, "_adapter"):  # what the provider says of itself is asked once a sign-in
            self._adapter = super().get_oauth2_adapter(request)
        return self._adapter

    def get_pkce_params(self) -> dict[str, str]:
        """S256, unless the provider says that it knows other ways only: whoever does not know PKCE ignores it (RFC 7636, 5)."""
        methods = self.get_oauth2_adapter(self.request).openid_config.get("code_challenge_methods_supported")
        return generate_code_challenge() if methods is None or "S256" in methods else {}

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        nonce = secrets.token_urlsafe(24)
        kwargs["auth_params"] = {**(kwargs.get("auth_params") or self.get_auth_params()), "nonce": nonce}
        try:
            answer = super().redirect(request, process, next_url, data, nonce=nonce, **kwargs)
        except (RequestException, KeyError) as error:  # it is down, or what it says of itself is not whole
            return render_authentication_error(request, self, exception=error)
        return leave_for(request, answer.url, self.name) if isinstance(answer, HttpResponseRedirect) else answer


def check_nonce(login: SocialLogin) -> None:
    """Whether the ID token was made for this sign-in of this browser (OpenID Connect Core, 3.1.3.7 number 11).

    :raises ProviderException: it was made for another one.
    """
    asked = str(login.state.get("nonce") or "")
    said = str((login.account.extra_data.get("id_token") or {}).get("nonce") or "")
    if not asked or not hmac.compare_digest(asked.encode(), said.encode()):
        raise ProviderException("the ID token does not repeat the nonce")


def vouched_by(login: SocialLogin) -> Vouched:
    """Whom it is about. Groups are a claim of the user info or of the ID token; its name is the operator's to say."""
    data = login.account.extra_data
    claims = {**(data.get("id_token") or {}), **(data.get("userinfo") or {})}
    groups = claims.get(login.provider.app.settings.get("groups_claim") or "groups")
    said = [groups] if isinstance(groups, str) else groups
    return Vouched(
        subject=login.account.uid,
        email=str(claims.get("email") or ""),
        name=str(claims.get("name") or "")[:100],
        groups=tuple(str(each) for each in said) if isinstance(said, list) else None,
    )


provider_classes = [Provider]
