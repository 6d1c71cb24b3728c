"""The key by which push services know this installation (VAPID, RFC 8292): made at first need, kept encrypted.

A subscription is tied to it: whoever loses it has to have every device subscribe again.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from email.utils import parseaddr

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from py_vapid import Vapid02

from ...accounts.models import Installation
from ...kernel import clock, http
from ...kernel import settings as conf
from ...kernel.db import locked

_VALID_FOR = timedelta(hours=12)  # RFC 8292 permits 24


def _private_key() -> str:
    """The private key as the number of P-256, in URL-safe Base64."""
    stored = Installation.objects.filter(pk=1).values_list("push_key", flat=True).first()
    if stored:
        return str(stored)
    with transaction.atomic():
        Installation.objects.get_or_create(pk=1)
        row = locked(Installation.objects.filter(pk=1)).get()  # two at once: the second finds what the first has made
        if not row.push_key:
            number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
            row.push_key = _text(number.to_bytes(32, "big"))
            row.save(update_fields=["push_key"])
        return str(row.push_key)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_key() -> str:
    """What a browser is given as ``applicationServerKey``."""
    vapid = Vapid02.from_raw(_private_key().encode())
    return _text(vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def proof(endpoint: str) -> str:
    """The ``Authorization`` of a message to ``endpoint``: good for its push service only, and for some hours."""
    claims = {
        "aud": http.origin(endpoint),
        "exp": int((clock.now() + _VALID_FOR).timestamp()),
        "sub": _contact(),
    }
    signed: str = Vapid02.from_raw(_private_key().encode()).sign(claims)["Authorization"]
    return signed


def _contact() -> str:
    """Whom the push service may ask about our messages: our address, or, where that is none, the sender of our mail."""
    settings = conf.current()
    if settings.url.startswith("https://"):
        return settings.url
    return f"mailto:{parseaddr(settings.mail_from)[1] or 'watchroom@localhost'}"
