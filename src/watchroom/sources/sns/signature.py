"""The signature of an SNS message, versions 1 and 2. Pure: the certificate is given.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# SNS's own hosts, such as sns.eu-west-1.amazonaws.com; nobody else can have one of these names. The endings are those of the
# partitions that the internet reaches: https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
_HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-[0-9]\.amazonaws\.com(\.cn)?|sns\.eusc(-[a-z]+)+-[0-9]\.amazonaws\.eu")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{32}\.pem")
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
VERSIONS = tuple(_HASHES)
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def is_amazons(url: object) -> bool:
    """Whether ``url`` leads to SNS itself, over TLS, and nowhere else."""
    if not isinstance(url, str) or len(url) > 2000 or any(ord(each) <= 32 or each == "\\" for each in url):
        return False
    try:
        parts = urlsplit(url)
        return (
            parts.scheme == "https"
            and _HOST.fullmatch(parts.hostname or "") is not None
            and parts.netloc == parts.hostname  # neither a name and password nor a port
        )
    except ValueError:
        return False


def is_certificate(url: object) -> bool:
    """Whether ``url`` is one of SNS's own certificates: what follows its host is the name of one, and nothing more."""
    if not isinstance(url, str) or not is_amazons(url):
        return False
    return _CERTIFICATE.fullmatch(url.removeprefix(f"https://{urlsplit(url).netloc}")) is not None


def signed_text(message: Mapping[str, Any]) -> bytes:
    """What is signed: name and value of each field that counts, each on a line."""
    names = _NOTIFICATION if message.get("Type") == "Notification" else _CONFIRMATION
    return "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None).encode(
        errors="replace"
    )


def is_signed(message: Mapping[str, Any], certificate: str, at: datetime) -> bool:
    """Whether ``message`` was signed with the key of ``certificate`` (PEM), which has to be valid at ``at``."""
    algorithm = _HASHES.get(str(message.get("SignatureVersion")))
    try:
        signature = base64.b64decode(str(message.get("Signature")), validate=True)
        found = x509.load_pem_x509_certificate(certificate.encode())
        key = found.public_key()
    except (binascii.Error, ValueError):
        return False
    if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
        return False
    if not found.not_valid_before_utc <= at <= found.not_valid_after_utc:
        return False
    try:
        key.verify(signature, signed_text(message), padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
