"""Zoom, through a Server-to-Server OAuth app.

https://developers.zoom.us/docs/internal-apps/s2s-oauth/ (token: POST /oauth/token?grant_type=account_credentials with
HTTP Basic of client id and secret), https://developers.zoom.us/docs/api/meetings/ (POST /users/{userId}/meetings,
PUT /meetings/{meetingId}/status). Scopes: meeting:write:meeting:admin, meeting:update:status:admin.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import msgspec

from ...kernel import http
from ...kernel.asked import Field
from ..base import BridgeFailed, Call, Settings, ask, text

_ACCOUNT = Field("account_id", "Account ID", "Of the app, under App Credentials.", required=True)
_CLIENT = Field("client_id", "Client ID", "Of the app.", required=True)
_SECRET = Field("client_secret", "Client secret", "Of the app.", kind="password", required=True, secret=True)
_HOST = Field("host", "Host", "E-mail address of the licensed user who holds the calls.", required=True)
_API = Field("url", "API address", "Leave empty for https://api.zoom.us.", kind="url")
_AUTH = Field("auth_url", "Sign-in address", "Leave empty for https://zoom.us.", kind="url")
_LONGEST_MINUTES = 24 * 60


class Zoom:
    """See the module's text."""

    name = "zoom"
    label = "Zoom"
    summary = "Choose this to have a Zoom meeting opened, which anybody with the link can join at once."
    fields = (_ACCOUNT, _CLIENT, _SECRET, _HOST, _API, _AUTH)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        found = {each.name: text(settings, each) for each in (_ACCOUNT, _CLIENT, _SECRET, _HOST)}
        for field in (_API, _AUTH):
            if given := text(settings, field):
                found[field.name] = http.check_url(given, field=field.name).rstrip("/")
        return found

    def describe(self, settings: Settings) -> str:
        return f"held by {settings['host']}"

    def _token(self, settings: Settings) -> str:
        pair = base64.b64encode(f"{settings['client_id']}:{settings['client_secret']}".encode()).decode()
        account = quote(str(settings["account_id"]), safe="")
        said = ask(
            "POST",
            f"{settings.get('auth_url') or 'https://zoom.us'}/oauth/token?grant_type=account_credentials&account_id={account}",
            headers={"Authorization": f"Basic {pair}"},
        )
        return str(said.get("access_token", ""))

    def _call(self, settings: Settings, method: str, path: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self._token(settings)}", "Content-Type": "application/json"}
        base = settings.get("url") or "https://api.zoom.us"
        return ask(method, f"{base}/v2{path}", headers=headers, content=msgspec.json.encode(body))

    def open(self, settings: Settings, title: str) -> Call:
        """A scheduled meeting without a time, so that nobody has to be there first."""
        said = self._call(
            settings,
            "POST",
            f"/users/{quote(str(settings['host']), safe='')}/meetings",
            {
                "topic": title[:200],
                "type": 2,
                "duration": _LONGEST_MINUTES,
                "settings": {"join_before_host": True, "jbh_time": 0, "waiting_room": False},
            },
        )
        if not said.get("join_url") or not said.get("id"):
            raise BridgeFailed("Zoom answered without an address.")
        return Call(str(said["id"]), str(said["join_url"]))

    def close(self, settings: Settings, id: str) -> None:
        try:
            self._call(settings, "PUT", f"/meetings/{quote(id, safe='')}/status", {"action": "end"})
        except BridgeFailed as failed:
            if failed.answered not in {400, 404}:  # nobody is in it, or it has been deleted
                raise

    def try_it(self, settings: Settings) -> str:
        self._token(settings)
        return "Zoom knows the app."


bridge = Zoom()
