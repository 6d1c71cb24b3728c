"""S3-compatible storage: PUT and DELETE of one object, signed as AWS describes it (Signature Version 4,
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). Path-style addresses, which every
implementation understands (AWS, MinIO, Ceph, R2, B2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from ..kernel import clock, http
from ..kernel.errors import WatchroomError

_TIMEOUT_SECONDS = 30.0


class StorageFailed(WatchroomError):
    """The storage did not take it."""

    status = 502
    title = "The storage did not take it"
    code = "storage_failed"


@dataclass(frozen=True)
class Bucket:
    """Where objects lie, and who writes them."""

    endpoint: str
    region: str
    name: str
    access_key: str
    secret_key: str

    def url(self, key: str) -> str:
        return f"{self.endpoint.rstrip('/')}/{self.name}/{quote(key, safe='/-_.~')}"

    def put(self, key: str, body: bytes, content_type: str, cache_control: str) -> None:
        """Store an object.

        :raises StorageFailed: it was not taken; worth another try unless it says 403 or 404.
        """
        self._ask("PUT", key, body, {"content-type": content_type, "cache-control": cache_control})

    def delete(self, key: str) -> None:
        """Take an object away; one that is not there is fine.

        :raises StorageFailed: it was not taken away.
        """
        self._ask("DELETE", key, b"", {})

    def _ask(self, method: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        url = self.url(key)
        signed = sign(
            method, url, headers, body, self.region, self.access_key, self.secret_key, clock.now().astimezone(UTC)
        )
        try:
            answer = http.fetch(method, url, headers=signed, content=body, timeout_seconds=_TIMEOUT_SECONDS)
        except WatchroomError as error:
            raise StorageFailed(error.message, fix=error.fix) from None
        if not answer.ok and not (method == "DELETE" and answer.status == 404):
            said = " ".join(answer.body[:300].decode(errors="replace").split())
            raise StorageFailed(
                f"{http.origin(url)} answered {answer.status}: {said}"[:280], fix="Check bucket, region and keys."
            )


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    access_key: str,
    secret_key: str,
    at: datetime,
) -> dict[str, str]:
    """``headers`` with all that a signed request needs besides. Header names in lower case. Pure."""
    parts = urlsplit(url)
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    digest = hashlib.sha256(body).hexdigest()
    sent = {**headers, "host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = sorted(sent)
    canonical = "\n".join(
        (
            method,
            parts.path or "/",
            parts.query,
            *(f"{name}:{' '.join(sent[name].split())}" for name in names),
            "",
            ";".join(names),
            digest,
        )
    )
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}"
    del sent["host"]  # the client writes that one
    return sent | {"authorization": f"{credential},SignedHeaders={';'.join(names)},Signature={signature}"}
