"""How people come in: the rules that allauth asks us for."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import clear_authentication_records
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ..kernel import settings as conf
from .models import Person
from .queries import comes_by_provider_alone, passwords_are_off
from .vouching import come_in

ONLY_BY_PROVIDER = "Passwords are for administrators here. Everybody else comes in by the company's own sign-in."


class Adapter(DefaultAccountAdapter):
    """Strangers may make an account only where the operator says so."""

    error_messages: ClassVar[dict[str, str]] = DefaultAccountAdapter.error_messages | {
        # Which of the two is wrong is not said: that would tell strangers who has an account.
        "email_password_mismatch": "This address and this password do not belong together. Try again, or press “Forgot your password?”.",
        "too_many_login_attempts": "Too many tries with a wrong password. Wait five minutes, or press “Forgot your password?”.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return conf.current().sign_up and not passwords_are_off()

    def pre_login(self, request: HttpRequest, user: Any, **how: Any) -> HttpResponse | None:
        """Every way in comes by here, once, before a second factor is asked for."""
        if refused := super().pre_login(request, user, **how):
            return refused
        if "sociallogin" in (how["signal_kwargs"] or {}) or not comes_by_provider_alone(user):
            return None
        clear_authentication_records(request)
        messages.error(request, ONLY_BY_PROVIDER)
        return redirect("account_login")

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        if not comes_by_provider_alone(user):
            super().send_password_reset_mail(user, email, context)

    def post_login(self, request: HttpRequest, user: Any, **how: Any) -> HttpResponse:
        if login := (how["signal_kwargs"] or {}).get("sociallogin"):
            come_in(login, user)
        return super().post_login(request, user, **how)

    def get_client_ip(self, request: HttpRequest) -> str:
        # The gate (or the trusted proxy before it) has already put the client's own address here.
        return str(request.META.get("REMOTE_ADDR", ""))

    def is_safe_url(self, url: str | None) -> bool:
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # "http://[" is no address at all
            return False


class SignUpForm(forms.Form):
    """What we ask beside address and password."""

    name = forms.CharField(max_length=100, label="Your name")

    def signup(self, request: HttpRequest, person: Person) -> None:
        person.name = self.cleaned_data["name"]
        person.save(update_fields=["name"])
