"""Webhook: the message as signed JSON, posted to an address of one's own.

Wire format, schema version 1 (ours; the signature follows Stripe's well-known scheme,
https://docs.stripe.com/webhooks#verify-manually, and the key draft-ietf-httpapi-idempotency-key-header)::

    POST <url>
    Content-Type: application/json
    Idempotency-Key: <id>
    Watchroom-Timestamp: <unix seconds of this attempt>
    Watchroom-Signature: t=<the same>,v1=<hex of HMAC-SHA256(secret, "<t>." + body)>

    {"schema": 1, "id": "…", "sent_at": "2026-01-02T03:04:05Z", "purpose": "page", "urgent": true, "drill": false,
     "subject": "…", "body": "…", "url": "https://…", "person": "…",
     "actions": [{"label": "Acknowledge", "url": "https://…"}], "facts": {…}}

``id`` and ``Idempotency-Key`` are the same for every retry of a message: whoever has seen one may drop the next. A
receiver checks the signature with :func:`verify`'s arithmetic and drops what is older than some minutes. Fields may be
added to schema 1; none changes its meaning. Any 2xx is success; see :mod:`..answers` for the rest.

With the format ``alertmanager`` the body is that of Alertmanager's webhook, version 4, with the same headers; a message that
is about no alerts, such as a test, is one alert of its own.
https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import hmac
import re
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ...kernel import clock, http, signing
from ...kernel.errors import Refused
from ...kernel.times import rfc3339
from .. import answers
from ..base import Delivery, Field, Message

SCHEMA = 1
ALERTMANAGER = "alertmanager"
FORMATS = {"": False, "watchroom": False, ALERTMANAGER: True, "alertmanager v4": True}
_SECRET_LENGTH = 16


def signature(secret: str, at: int, body: bytes, *others: str) -> str:
    """The value of ``Watchroom-Signature`` for ``body`` sent at ``at`` (Unix seconds); ``others``: secrets that sign, too,
    while a new one is being introduced, each as one more ``v1``."""
    signed = f"{at}.".encode() + body
    return ",".join(
        [f"t={at}", *(f"v1={hmac.digest(each.encode(), signed, 'sha256').hex()}" for each in (secret, *others))]
    )


def verify(secret: str, header: str, body: bytes, *, at: datetime, tolerance: timedelta = timedelta(minutes=5)) -> bool:
    """What a receiver does: whether ``header`` signs ``body`` and is no older (or newer) than ``tolerance``."""
    stated = re.fullmatch(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64}){1,4})", header)
    if stated is None:
        return False
    right = signature(secret, int(stated[1]), body).partition(",")[2]
    if not any(hmac.compare_digest(each, right) for each in stated[2][1:].split(",")):
        return False
    return abs(at - datetime.fromtimestamp(int(stated[1]), UTC)) <= tolerance


class Webhook:
    """See the module's text."""

    name = "webhook"
    label = "Webhook"
    summary = "Choose this to let a program of your own pass messages on; it gets them as signed JSON."
    fields = (
        Field(
            "url", "Address", "Where the JSON is posted to, for example https://hooks.example.org/pages.", kind="url"
        ),
        Field(
            "secret",
            "Signing secret",
            f"At least {_SECRET_LENGTH} characters. The receiver checks the signature with it.",
            kind="password",
            secret=True,
        ),
        Field(
            "format",
            "Format",
            "Empty for Watchroom's own JSON; alertmanager for what Alertmanager's webhook sends.",
            required=False,
        ),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: the address is not a web address or plainly forbidden, or the secret is too short."""
        url = http.check_url(settings.get("url"))
        secret = settings.get("secret")
        secret = secret.strip() if isinstance(secret, str) else ""
        if len(secret) < _SECRET_LENGTH:
            raise Refused(
                "The signing secret is too short.",
                field="secret",
                value="(secret)",
                fix=f"Use at least {_SECRET_LENGTH} random characters, such as {signing.new_key('whs')}.",
            )
        stated = str(settings.get("format") or "").strip().lower()
        if stated not in FORMATS:
            raise Refused(
                "There is no such format.", field="format", value=stated, fix="Leave it empty, or write alertmanager."
            )
        return {"url": url, "secret": secret, **({"format": ALERTMANAGER} if FORMATS[stated] else {})}

    def speaks_alertmanager(self, settings: dict[str, Any]) -> bool:
        """Whether ``facts["alertmanager"]`` has to hold what the message is in Alertmanager's words."""
        return settings.get("format") == ALERTMANAGER

    def describe(self, settings: dict[str, Any]) -> str:
        """Scheme and host: the path of a hook is often its password."""
        return f"{http.origin(str(settings.get('url', '')))}/…"

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Post the JSON. The provider's id is whatever ``id`` a JSON answer holds.

        :raises DeliveryFailed: see :func:`..answers.post`.
        """
        sent_at = clock.now()
        body = as_alertmanager(message, sent_at) if self.speaks_alertmanager(settings) else encode(message, sent_at)
        at = int(sent_at.timestamp())
        answer = answers.post(
            str(settings["url"]),
            content=body,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": message.key,
                "Watchroom-Timestamp": str(at),
                "Watchroom-Signature": signature(str(settings["secret"]), at, body),
            },
            keep=True,  # whoever has seen the key drops what comes twice
        )
        return Delivery(provider_id=answers.provider_id(answer))


def encode(message: Message, sent_at: datetime) -> bytes:
    """The body, schema version 1. What JSON doesn't know in ``facts`` is sent as text."""
    return msgspec.json.encode(
        {
            "schema": SCHEMA,
            "id": message.key,
            "sent_at": rfc3339(sent_at, "seconds"),
            "purpose": message.purpose,
            "urgent": message.urgent,
            "drill": message.drill,
            "subject": message.subject,
            "body": message.body,
            "url": message.url,
            "person": message.person,
            "actions": [{"label": link.label, "url": link.url} for link in message.actions],
            "facts": message.facts,
        },
        enc_hook=str,
    )


def as_alertmanager(message: Message, sent_at: datetime) -> bytes:
    """The body as Alertmanager's webhook has it, version 4."""
    said = message.facts.get("alertmanager") or _alone(message, sent_at)
    return msgspec.json.encode(said)


def _alone(message: Message, sent_at: datetime) -> dict[str, Any]:
    """A message that is about no alerts, as one."""
    labels = {"alertname": f"Watchroom {message.purpose}", "person": message.person}
    annotations = {"summary": message.subject, "description": message.body}
    resolved = message.purpose == "resolved"
    at = rfc3339(sent_at, "milliseconds")
    alert = {
        "status": "resolved" if resolved else "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": at,
        "endsAt": at if resolved else "0001-01-01T00:00:00Z",
        "generatorURL": message.url,
        "fingerprint": f"{zlib.crc32(message.key.encode()):016x}",
    }
    return {
        "version": "4",
        "groupKey": message.key,
        "truncatedAlerts": 0,
        "receiver": "watchroom",
        "status": alert["status"],
        "notification_reason": "unknown",
        "groupLabels": {"alertname": labels["alertname"]},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "routeLabels": {},
        "externalURL": message.url,
        "alerts": [alert],
    }


channel = Webhook()
