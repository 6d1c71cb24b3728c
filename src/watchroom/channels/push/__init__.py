"""Web push: a notification on the phone or computer on which Watchroom is installed, with a button that answers.

The browser made a subscription: an address at its own push service, and the keys with which only it can read what comes
(RFC 8030, 8291). Watchroom proves by a key of its own who sends (RFC 8292). What arrives is shown by
``web/static/watchroom/service-worker.js``, whose payload is made here::

    {"v": 1, "key": "…", "title": "…", "body": "…", "url": "…", "answer": "…" or "", "verb": "Acknowledge" or "",
     "seen": "…", "urgent": true, "sent_at": "2026-01-02T03:04:05Z"}
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ...kernel import clock, http
from ...kernel import settings as conf
from ...kernel.errors import Refused
from ...kernel.times import rfc3339
from .. import answers
from ..base import Delivery, DeliveryFailed, Field, Message, MethodGone
from ..wording import one_line, title
from . import envelope, keys

ALIVE_SECONDS = {True: 3600, False: 24 * 3600}  # how long the service keeps it for a device that is off, by urgency
_BODY_BYTES = 1800  # with the rest far below the 4096 bytes that every service takes
_ENDED = {404, 410}  # the subscription is over: https://www.rfc-editor.org/rfc/rfc8030#section-7.3


class Push:
    """See the module's text."""

    name = "push"
    label = "This device (push)"
    summary = "Choose this on your phone: it rings at once, costs nothing, and a button acknowledges."
    fields = (
        Field("endpoint", "Address of the subscription", "The browser makes it: press the button.", kind="url"),
        Field("p256dh", "Public key of the device"),
        Field("auth", "Secret of the device", kind="password", secret=True),
        Field("device", "Name of the device", required=False),
    )

    def missing(self) -> str:
        """Browsers give subscriptions only to pages that came by HTTPS, or from their own machine."""
        url = urlsplit(conf.current().url)
        if url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1"):
            return ""
        return "Push needs an https:// address of Watchroom: WATCHROOM_URL has none."

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: it is not what ``PushManager.subscribe`` gives."""
        fix = "Open “How you are reached” on the device itself, and press the button there."
        for name, what in (("p256dh", envelope.public_key), ("auth", envelope.secret)):
            try:
                what(settings.get(name))
            except ValueError as error:
                raise Refused(f"That is not a push subscription: {error}.", field=name, value="…", fix=fix) from None
        return {
            "endpoint": http.check_url(settings.get("endpoint"), field="endpoint"),
            "p256dh": str(settings["p256dh"]),
            "auth": str(settings["auth"]),
            "device": one_line(str(settings.get("device") or ""), 60),
        }

    def describe(self, settings: dict[str, Any]) -> str:
        """The device, and whose push service it uses; the address itself is as good as a password."""
        service = http.origin(str(settings.get("endpoint") or "")).partition("://")[2] or "a push service"
        device = one_line(str(settings.get("device") or ""), 60)
        return f"{device} by {service}" if device else service

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Hand it to the push service; the device itself says later that it has shown it.

        :raises MethodGone: the subscription is over: the app was removed, or notifications were forbidden.
        :raises DeliveryFailed: see :func:`..answers.post`.
        """
        endpoint = str(settings["endpoint"])
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(ALIVE_SECONDS[message.urgent]),
            "Urgency": "high" if message.urgent else "normal",
            # What has not been shown yet is replaced by a retry of the same: at most 32 letters of URL-safe Base64.
            "Topic": hashlib.sha256(message.key.encode()).hexdigest()[:32],
            "Authorization": keys.proof(endpoint),
        }
        try:
            sealed = envelope.seal(payload(message), str(settings["p256dh"]), str(settings["auth"]))
        except ValueError as error:
            raise DeliveryFailed(f"The keys of the subscription are of no use: {error}.", permanent=True) from None
        try:
            answer = answers.post(endpoint, content=sealed, headers=headers)
        except DeliveryFailed as failed:
            if failed.answered in _ENDED:
                raise MethodGone(
                    f"The device has ended its subscription ({failed.answered}).",
                    fix="Open “How you are reached” on the device, and switch push on again.",
                ) from None
            raise
        return Delivery(provider_id=one_line(answer.headers.get("location", "").rpartition("/")[2]))


def payload(message: Message) -> bytes:
    """What the service worker shows. The text gives way, never what answers."""
    body = message.body.strip().encode(errors="replace")
    text = body.decode() if len(body) <= _BODY_BYTES else f"{body[:_BODY_BYTES].decode(errors='ignore')}…"
    answer = message.actions[0] if message.actions else None
    return msgspec.json.encode(
        {
            "v": 1,
            "key": message.key,
            "title": title(message),
            "body": text,
            # Where a press leads: the signed page with the one big button works without signing in.
            "url": answer.url if answer else message.url,
            "answer": answer.url if answer else "",
            "verb": answer.label if answer else "",
            "seen": message.seen_url,
            "urgent": message.urgent,
            "sent_at": rfc3339(clock.now(), "seconds"),
        }
    )


channel = Push()
