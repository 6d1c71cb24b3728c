"""Signed links in messages: whoever holds one may answer this one notification, for a while."""

from __future__ import annotations

from datetime import timedelta

from ..kernel import settings as conf
from ..kernel.errors import NotFound
from ..kernel.signing import sign, unsign
from .models import Notification

VALID_FOR = timedelta(days=3)


def respond_url(notification: Notification) -> str:
    """The address at which the person answers this notification without signing in. A GET shows, only a POST acts."""
    return f"{conf.current().url}/respond/{sign('respond', notification.pk, valid_for=VALID_FOR)}"


def phone_url(what: str, notification: Notification) -> str:
    """Where a telephone provider tells what became of this notification: ``answer`` or ``receipt``."""
    return f"{conf.current().url}/phone/{what}/{sign('phone', notification.pk, valid_for=VALID_FOR)}"


def seen_url(notification: Notification) -> str:
    """Where a device tells that it has shown this notification."""
    return f"{conf.current().url}/push/seen/{sign('seen', notification.pk, valid_for=VALID_FOR)}"


def read(token: str, purpose: str = "respond") -> Notification:
    """The notification that a token is for; tokens of one purpose are of no use for another.

    :raises NotAllowed: not signed by us, or expired.
    :raises NotFound: the notification has been deleted since.
    """
    found = (
        Notification.objects.select_related("person", "escalation", "contact_method")
        .filter(pk=unsign(purpose, token))
        .first()
    )
    if found is None:
        raise NotFound("What this link was about has been deleted.", fix="Open Watchroom's home page.")
    return found
