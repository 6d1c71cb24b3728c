"""Google Meet, through a service account that acts for a user (domain-wide delegation).

https://developers.google.com/meet/api/reference/rest/v2/spaces/create (POST /v2/spaces → name, meetingUri) and
spaces/endActiveConference; https://developers.google.com/identity/protocols/oauth2/service-account#httprest (a JWT signed
with RS256 is exchanged for a token). Scope: https://www.googleapis.com/auth/meetings.space.created.
"""

from __future__ import annotations

import base64
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ...kernel import clock, http
from ...kernel.asked import Field
from ...kernel.errors import Refused
from ..base import BridgeFailed, Call, Settings, ask, text

_KEY = Field(
    "key",
    "Service account key",
    "The JSON file, as it was downloaded, on one line or many.",
    kind="password",
    secret=True,
)
_USER = Field("user", "User", "Whom the service account acts for, such as calls@example.org.", required=True)
_API = Field("url", "API address", "Leave empty for https://meet.googleapis.com.", kind="url")
_SCOPE = "https://www.googleapis.com/auth/meetings.space.created"
_LIVES_SECONDS = 600


class Meet:
    """See the module's text."""

    name = "meet"
    label = "Google Meet"
    summary = "Choose this to have a meeting space opened in your Google Workspace."
    fields = (_KEY, _USER, _API)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        found = {"key": text(settings, _KEY), "user": text(settings, _USER)}
        _read(found["key"])
        if given := text(settings, _API):
            found["url"] = http.check_url(given).rstrip("/")
        return found

    def describe(self, settings: Settings) -> str:
        return f"as {settings['user']}"

    def _token(self, settings: Settings) -> str:
        key, private = _read(str(settings["key"]))
        now = int(clock.now().timestamp())
        claims = {
            "iss": key["client_email"],
            "sub": settings["user"],
            "scope": _SCOPE,
            "aud": key["token_uri"],
            "iat": now,
            "exp": now + _LIVES_SECONDS,
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": str(key.get("private_key_id", ""))}
        signed = b".".join(_b64(msgspec.json.encode(part)) for part in (head, claims))
        token = signed + b"." + _b64(private.sign(signed, padding.PKCS1v15(), hashes.SHA256()))
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": token.decode()}
        said = ask(
            "POST",
            str(key["token_uri"]),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode(form).encode(),
        )
        return str(said.get("access_token", ""))

    def _call(self, settings: Settings, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token(settings)}", "Content-Type": "application/json"}
        base = settings.get("url") or "https://meet.googleapis.com"
        return ask("POST", f"{base}/v2/{path}", headers=headers, content=b"{}")

    def open(self, settings: Settings, title: str) -> Call:
        said = self._call(settings, "spaces")
        if not said.get("meetingUri") or not str(said.get("name", "")).startswith("spaces/"):
            raise BridgeFailed("Google Meet answered without an address.")
        return Call(str(said["name"]), str(said["meetingUri"]))

    def close(self, settings: Settings, id: str) -> None:
        try:
            self._call(settings, f"{id}:endActiveConference")
        except BridgeFailed as failed:
            if failed.answered not in {400, 404}:  # nobody is in it
                raise

    def try_it(self, settings: Settings) -> str:
        self._token(settings)
        return f"Google lets us act as {settings['user']}."


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _read(text: str) -> tuple[dict[str, Any], rsa.RSAPrivateKey]:
    """The key file, and the key in it. Raises ``Refused``."""
    try:
        key = msgspec.json.decode(text)
        private = serialization.load_pem_private_key(str(key["private_key"]).encode(), None)
        if not key["client_email"] or not isinstance(private, rsa.RSAPrivateKey):
            raise ValueError
        http.check_url(key["token_uri"])
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        raise Refused(
            "That is not the key of a service account.",
            field="key",
            value="(secret)",
            fix="Paste the whole JSON file that Google gave you.",
        ) from None
    return cast("dict[str, Any]", key), private


bridge = Meet()
