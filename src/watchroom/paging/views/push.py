"""What the installed web app needs: its service worker, the page that it shows offline, our push key, and a receipt."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...channels.push.keys import public_key
from ...web.middleware import actor_of
from .. import commands, links


@cache
def _script() -> bytes:
    return Path(str(finders.find("watchroom/js/service-worker.js"))).read_bytes()


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. From the root, because that is how far it may see; asked for again each time."""
    return HttpResponse(_script(), content_type="text/javascript", headers={"Cache-Control": "no-cache"})


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What the installed app shows without a connection: the pages that came last. It holds nothing of anybody."""
    return render(request, "paging/offline.html")


@never_cache
@require_GET
def key(request: HttpRequest) -> HttpResponse:
    """The key that a browser subscribes with."""
    actor_of(request).require(Action.SEE)
    return JsonResponse({"key": public_key()})


@csrf_exempt  # the token is the secret: a service worker has no form
@require_POST
def seen(request: HttpRequest, token: str) -> HttpResponse:
    """The device has shown it."""
    notification = links.read(token, "seen")
    person = notification.person
    commands.mark_seen(Actor(kind="link", name=f"{person} by push", person=person), notification)
    return HttpResponse(status=204)
