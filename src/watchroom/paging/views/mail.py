"""Replies to mails, as a mail server or a mail service hands them over.

Three ways in: the gate's own listener, with a signature of ours; and, both signed with ``WATCHROOM_MAIL_REPLY_KEY``, the raw
mail (``message/rfc822``) with ``Watchroom-Signature``, as ``watchroom mail-reply`` sends it, and the form that Mailgun posts for a route
(https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/).
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...channels.email import reply
from ...channels.webhook import verify
from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.errors import NotAllowed, WatchroomError
from ...kernel.numbers import whole
from ...kernel.signing import unsign
from ...web.answers import answer_all, escalate_all
from .. import commands
from ..links import VALID_FOR
from ..models import Notification

log = logging.getLogger(__name__)
_TOLERANCE = timedelta(minutes=5)


def must_be_signed(request: HttpRequest) -> bool:
    """Whether the gate's own listener took it: whoever reaches that could send it. Else who hands mail over has our key.

    :raises NotAllowed: it is not signed with our key, or too old.
    """
    if header := request.headers.get("Watchroom-Gate"):
        if unsign("mail taken by the gate", header) == [request.path, hashlib.sha256(request.body).hexdigest()]:
            return True
        raise NotAllowed("This is not signed.", fix="The gate signs each mail that it hands over.")
    key = conf.current().mail_reply_key
    if key and _is_ours(request, key):
        return False
    raise NotAllowed("This is not signed.", fix="Sign it with WATCHROOM_MAIL_REPLY_KEY; see docs/mail.md.")


def _is_ours(request: HttpRequest, key: str) -> bool:
    if header := request.headers.get("Watchroom-Signature"):
        return verify(key, header, request.body, at=clock.now(), tolerance=_TOLERANCE)
    at, token = request.POST.get("timestamp", ""), request.POST.get("token", "")
    right = hmac.new(key.encode(), f"{at}{token}".encode(), "sha256").hexdigest()
    seconds = whole(at, 11)
    fresh = seconds is not None and abs(clock.now() - datetime.fromtimestamp(seconds, UTC)) <= _TOLERANCE
    return bool(token) and fresh and hmac.compare_digest(right.encode(), request.POST.get("signature", "").encode())


@csrf_exempt  # signed
@require_POST
def mail_reply(request: HttpRequest) -> HttpResponse:
    """Somebody has answered a mail. Says in JSON what came of it; a mail that nobody understands changes nothing."""
    must_be_signed(request)
    if "recipient" in request.POST:
        to, text = request.POST["recipient"], request.POST.get("stripped-text") or request.POST.get("body-plain", "")
        automatic = '"auto-submitted", "auto' in request.POST.get("message-headers", "").lower()
    else:
        mail = reply.parse(request.body)
        names = ("Delivered-To", "X-Original-To", "To", "Cc")
        to = " ".join(str(value) for name in names for value in mail.get_all(name, ()))
        text, automatic = reply.text_of(mail), reply.is_automatic(mail)
    number = reply.number_in(to)
    notification = (
        Notification.objects.select_related("person", "escalation", "contact_method")
        .filter(pk=number, created_at__gt=clock.now() - VALID_FOR)
        .first()
        if number
        else None
    )
    if notification is None:
        return JsonResponse({"done": "", "text": "No message of ours is meant, or it is too old."})
    what = "" if automatic else reply.understood(text)
    return JsonResponse({"done": what, "text": _do(notification, what)})


def _do(notification: Notification, what: str) -> str:
    """Do what was asked for, in the name of whom the mail was sent to."""
    if not what:
        return "Not understood: nothing was changed."
    person = notification.person
    by = Actor(kind="link", name=f"{person} by mail", person=person)
    commands.mark_seen(by, notification)
    try:
        if what == "answer":
            count = answer_all(by, notification)
            return f"Acknowledged: {count}." if count else "It had been answered before."
        if not escalate_all(by, notification):
            return "There is nothing to escalate."
    except WatchroomError as error:
        log.info("A reply by mail of person %s was refused: %s", person.pk, error)
        return error.message
    return "The next people are being paged now."
