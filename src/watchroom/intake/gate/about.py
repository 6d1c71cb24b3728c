"""What the gate says about itself: that it lives, whether it is ready, and its numbers."""

from __future__ import annotations

import msgspec

from . import metrics
from .asgi import Scope, Send, answer, problem
from .keys import Keys
from .proxy import Proxy
from .store import Store

PATHS = ("/healthz", "/readyz", "/metrics")


class About:
    """Answers at :data:`PATHS`."""

    def __init__(
        self, keys: Keys, store: Store, numbers: metrics.Metrics, proxy: Proxy | None, metrics_token: str
    ) -> None:
        self._keys, self._store, self._numbers, self._proxy, self._token = keys, store, numbers, proxy, metrics_token

    async def __call__(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            return await problem(send, 405, "Wrong method", "This can only be read.", "Use GET.", [(b"allow", b"GET")])
        status, content_type = 200, "application/json"
        if scope["path"] == "/healthz":
            body = b'{"status":"ok"}'
        elif scope["path"] == "/readyz":
            checks = await self._checks()
            status = 200 if all(checks.values()) else 503
            shown = {name: "ok" if good else "failing" for name, good in checks.items()}
            body = msgspec.json.encode({"status": "ready" if status == 200 else "not ready", "checks": shown})
        elif metrics.may_read(scope, self._token):
            web = await self._proxy.numbers(self._token) if self._proxy is not None else b""
            body, content_type = self._numbers.text() + web, metrics.CONTENT_TYPE
        elif self._token:
            return await problem(
                send, 401, "Not allowed", "The metrics need a token.", "Send Authorization: Bearer WATCHROOM_METRICS_TOKEN.",
                [(b"www-authenticate", b"Bearer")],
            )  # fmt: skip
        else:
            return await problem(
                send, 403, "Not allowed", "The metrics are shown to this machine only.", "Set WATCHROOM_METRICS_TOKEN and send it as a Bearer token."
            )  # fmt: skip
        await answer(send, status, b"" if scope["method"] == "HEAD" else body, content_type)

    async def _checks(self) -> dict[str, bool]:
        checks = {"database": await self._keys.answers(), "writer": self._store.alive}
        if self._proxy is not None:
            checks["web"] = await self._proxy.answers()
        return checks
