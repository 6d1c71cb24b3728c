"""Message encryption for web push (RFC 8291, ``aes128gcm`` of RFC 8188): only the device can open it. Pure."""

from __future__ import annotations

import base64
import binascii

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

_POINT_BYTES, _SECRET_BYTES = 65, 16
LIMIT_BYTES = 4096  # https://www.rfc-editor.org/rfc/rfc8291#section-4: no service has to take more


def _bytes(text: object, length: int, what: str) -> bytes:
    raw = text.strip() if isinstance(text, str) else ""
    try:
        found = base64.b64decode(raw.rstrip("=") + "=" * (-len(raw.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{what} is not Base64") from None
    if len(found) != length:
        raise ValueError(f"{what} has {len(found)} bytes instead of {length}")
    return found


def public_key(text: object) -> bytes:
    """The device's key ``p256dh``: a point of P-256, uncompressed.

    :raises ValueError: it is none.
    """
    point = _bytes(text, _POINT_BYTES, "the public key")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return point


def secret(text: object) -> bytes:
    """The device's ``auth``: 16 bytes.

    :raises ValueError: it is none.
    """
    return _bytes(text, _SECRET_BYTES, "the secret")


def seal(content: bytes, p256dh: str, auth: str) -> bytes:
    """``content`` for one device, under a key that is used this once.

    :raises ValueError: the device's keys can't be used, or it does not fit into a message.
    """
    sealed: bytes = http_ece.encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=public_key(p256dh),
        auth_secret=secret(auth),
        version="aes128gcm",
    )
    if len(sealed) > LIMIT_BYTES:
        raise ValueError(f"{len(sealed)} bytes are too many for a push message")
    return sealed
