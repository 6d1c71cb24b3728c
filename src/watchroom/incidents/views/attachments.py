"""Files of the log: sent as they are, one a request; given out so that a browser never runs what is in them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from ...accounts.actors import Actor
from ...web.middleware import actor_of
from .. import commands, queries, store
from ..models import Attachment, Incident
from ..rules.files import LARGEST


def received(by: Actor, incident: Incident, request: HttpRequest) -> Attachment:
    """What the body of ``request`` holds, kept; ``?name=`` is its name."""
    return commands.attach(by, incident, request.GET.get("name", ""), request.read(LARGEST + 1))


def given_out(attachment: Attachment) -> HttpResponse:
    """The file. Images are shown; everything else is saved, and nothing in it is ever run or guessed at."""
    answer = HttpResponse(store.get(attachment.sha256))
    type = attachment.type
    answer["Content-Type"] = f"{type}; charset=utf-8" if type == "text/plain" else type
    answer["Content-Disposition"] = content_disposition_header(not attachment.is_image, attachment.name) or "attachment"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    return answer


@require_POST
def attachments(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file for an entry that is being written."""
    by = actor_of(request)
    file = received(by, queries.incident_for(by, pk), request)
    return JsonResponse({"id": file.pk, "name": file.name, "type": file.type, "size": file.size}, status=201)


@require_GET
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """The file itself."""
    return given_out(queries.attachment_for(actor_of(request), pk))
