"""What the sign-in pages need to know about this installation: ``{% sign_in_ways as ways %}``."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django import template

from watchroom.accounts.queries import passwords_are_off
from watchroom.kernel import settings as conf

register = template.Library()


@register.simple_tag
def sign_in_ways() -> dict[str, bool]:
    """``passkeys``: somebody has one; ``strangers``: they may make an account; ``mail``: mail can be sent; ``only``: all but
    administrators come in by an identity provider alone."""
    own, only = conf.current(), passwords_are_off()
    return {
        "passkeys": Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).exists(),
        "strangers": own.sign_up and not only,
        "mail": bool(own.smtp_url),
        "only": only,
    }
