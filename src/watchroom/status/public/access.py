"""Who may read a page that is not public."""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta

from django.contrib.auth.hashers import check_password
from django.http import HttpRequest

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...kernel import signing
from ...kernel.errors import NotAllowed
from ..commands.limits import take
from ..models import StatusPage, Try
from ..rules.access import is_from, whose

REMEMBERED = timedelta(days=30)
GUESSED_WITHIN = timedelta(minutes=15)
GUESSES, GUESSES_OF_ALL = 10, 200  # from one address; of one page, from wherever


def may_read(request: HttpRequest, page: StatusPage) -> bool:
    """Public pages: everybody. Others: who is signed in, who comes from one of the networks, who knows the password."""
    if page.public:
        return True
    actor: Actor | None = getattr(request, "actor", None)
    if actor is not None and actor.may(Action.SEE):
        return True
    if is_from(address_of(request), page.networks):
        return True
    return bool(page.password) and (_remembered(request, page) or _basic(request, page))


def address_of(request: HttpRequest) -> str:
    """From where somebody asks, as the gate has found out."""
    return str(request.META.get("REMOTE_ADDR", ""))


def knows_password(request: HttpRequest, page: StatusPage, password: str) -> bool:
    """Whether that is the password.

    :raises TooOften: it was guessed too often from there, or from everywhere together.
    """
    tries = [
        take("status-password", f"{page.pk} {whose(address_of(request))}", most=GUESSES, within=GUESSED_WITHIN),
        take("status-password-page", str(page.pk), most=GUESSES_OF_ALL, within=GUESSED_WITHIN),
    ]
    if not (page.password and check_password(password[:200], page.password)):
        return False
    Try.objects.filter(pk__in=[each.pk for each in tries]).delete()  # a feed reader knows it each time
    return True


def cookie_of(page: StatusPage) -> tuple[str, str]:
    """Name and value of what remembers that somebody knew the password; worthless once it is another one."""
    return f"status-{page.pk}", signing.sign("status-page", [page.pk, _mark(page)], valid_for=REMEMBERED)


def _mark(page: StatusPage) -> str:
    return signing.fingerprint(page.password)[:16]


def _remembered(request: HttpRequest, page: StatusPage) -> bool:
    value = request.COOKIES.get(f"status-{page.pk}", "")
    if not value:
        return False
    try:
        pk, mark = signing.unsign("status-page", value)
    except (NotAllowed, ValueError, TypeError):
        return False
    return pk == page.pk and hmac.compare_digest(str(mark), _mark(page))


def _basic(request: HttpRequest, page: StatusPage) -> bool:
    """The password of HTTP Basic (RFC 7617), for feed readers and programs; any user name."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        password = base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except ValueError:  # not base64, letters beyond ASCII, or not UTF-8
        return False
    return knows_password(request, page, password)
