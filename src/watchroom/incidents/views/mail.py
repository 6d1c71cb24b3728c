"""Mails that declare an incident, as the gate, a mail server or a mail service hands them over: signed like replies, see
``paging/views/mail.py``."""

from __future__ import annotations

import hashlib
import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ...channels.email import reply
from ...kernel import settings as conf
from ...kernel.errors import TooOften, WatchroomError
from ...paging.views.mail import must_be_signed
from .. import commands

log = logging.getLogger(__name__)
_TAKEN = (
    "Taken. Whoever may declare here is told what came of it, by the way in which they are reached. Nothing came? Then "
    "nothing was declared: sign in and declare."
)
_NOTHING = (
    "Nothing was declared. Write from the address with which you sign in, and with a subject; or sign in and declare."
)


def _plain(text: str) -> str:
    """What a database can keep."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _declare_for_anybody(sender: str, subject: str, text: str, digest: str) -> HttpResponse:
    try:
        commands.declare_by_mail(sender, subject, text, digest, checked=False)
    except commands.Full as error:
        return _later(error)  # to whoever it is
    except WatchroomError as error:
        log.info("A mail that was to declare an incident was refused: %s", error.message)
        commands.tell_refused_by_mail(sender, f"{error.message} {error.fix}".strip())
    return JsonResponse({"incident": None, "text": _TAKEN})


def _later(error: TooOften) -> HttpResponse:
    log.warning("A mail that was to declare an incident has to wait: %s", error.message)
    return JsonResponse({"incident": None, "text": f"{error.message} {error.fix}"}, status=error.status)


@csrf_exempt  # signed
@require_POST
def mail_declare(request: HttpRequest) -> HttpResponse:
    """Declare what the mail says. Answers in JSON with the number of the incident, or with why there is none: then nothing
    is to be tried again, except where it is too often (429). Where anybody may have sent it, and nobody has checked who did,
    the answer is the same whoever is said to have: else it would say whose addresses are known here."""
    by_anybody = must_be_signed(request)
    if "recipient" in request.POST:  # Mailgun's form
        sender, subject = request.POST.get("from", ""), request.POST.get("subject", "")
        text = request.POST.get("stripped-text") or request.POST.get("body-plain", "")
        known = request.POST.get("Message-Id", "")
        automatic = '"auto-submitted", "auto' in request.POST.get("message-headers", "").lower()
    else:
        mail = reply.parse(request.body)
        sender, subject, known = (str(mail.get(name, "")) for name in ("From", "Subject", "Message-ID"))
        text, automatic = reply.text_of(mail), reply.is_automatic(mail)
    if automatic:
        return JsonResponse({"incident": None, "text": "An automatic mail declares nothing."})
    digest = hashlib.sha256((known.strip() or "\0".join((sender, subject, text))).encode(errors="replace")).hexdigest()
    checked = not by_anybody or conf.current().mail_senders_checked
    if not checked:
        return _declare_for_anybody(_plain(sender), _plain(subject), _plain(text), digest)
    try:
        incident = commands.declare_by_mail(_plain(sender), _plain(subject), _plain(text), digest, checked=True)
    except TooOften as error:
        return _later(error)
    except WatchroomError as error:
        log.info("A mail that was to declare an incident was refused: %s", error.message)
        why = _NOTHING if by_anybody else f"{error.message} {error.fix}".strip()
        return JsonResponse({"incident": None, "text": why, "refused": True})
    waits = ", which waits for triage" if incident.is_waiting else ""
    return JsonResponse({"incident": incident.pk, "text": f"Declared incident {incident.pk}{waits}."})
