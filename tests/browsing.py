"""Somebody at a browser, signed in to Django's ``live_server``."""

from __future__ import annotations

from typing import Any

from peers.chromium import Chromium, without_live


def signed_in(client: Any, chromium: Chromium, live_server: Any, person: Any, **options: Any) -> Any:
    """A page of ``person``, who hears of nothing by live events. ``options`` are those of :meth:`Chromium.context`."""
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get("/me")  # the first answer of a process reads all addresses and icons: not while a browser waits for it
    context = chromium.context(live_server.url, **options)
    without_live(context)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


def at_rest(page: Any) -> None:
    """Wait until every part of ``page`` has read what it reads by itself: nothing moves under the mouse any more."""
    page.wait_for_load_state()  # its scripts listen
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
