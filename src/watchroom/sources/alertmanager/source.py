"""The source itself: which requests it takes, and what it answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ..base import Inbound, Parsed, Reply
from .reading import all_good, read

_TEXT = "text/plain; charset=utf-8"
_OK = Reply(200)
_POSTED = ("/api/v2/alerts", "/api/v1/alerts")  # the same body; Grafana before 10.4 knows no other than v1
API_OF = "0.28.0"  # of which Alertmanager this is the API; karma and Grafana choose by that how they ask
_BUILD = (
    "# HELP alertmanager_build_info Of which Alertmanager this is the API.\n"
    "# TYPE alertmanager_build_info gauge\n"
    f'alertmanager_build_info{{branch="watchroom",version="{API_OF}"}} 1\n'
).encode()


class Alertmanager:
    """Alertmanager's API v2, as Prometheus speaks it."""

    name = "alertmanager"
    label = "Prometheus / Alertmanager"
    summary = "Alerts from Prometheus, or from anything else that can send to an Alertmanager."
    resolve_timeout_seconds = 300
    headers: tuple[str, ...] = ()

    def accepts(self, method: str, path: str) -> bool:
        return method == "POST" and path in _POSTED

    def probe(self, method: str, path: str) -> Reply | None:
        """Alertmanager's own health checks, the metric by which karma tells versions apart, and the word that nothing
        can be asked by its API v1."""
        if method in ("GET", "HEAD") and path in ("/-/healthy", "/-/ready"):
            return Reply(200, b"OK", _TEXT)
        if method == "GET" and path == "/metrics":
            return Reply(200, _BUILD, "text/plain; version=0.0.4; charset=utf-8")
        if method != "POST" and path == "/api/v1/alerts":
            return Reply(410, b"API v1 takes alerts only. Ask /api/v2/alerts.\n", _TEXT)
        return None

    def asked(self, method: str, path: str) -> bool:
        if not path.startswith("/api/v2/"):
            return False
        what = path.removeprefix("/api/v2/")
        if what.startswith("silence/"):
            return method in ("GET", "HEAD", "DELETE")
        if what == "silences":
            return method in ("GET", "HEAD", "POST")
        return method in ("GET", "HEAD") and what in ("alerts", "alerts/groups", "status", "receivers")

    def claims(self, method: str, path: str) -> bool:
        return self.accepts(method, path) or self.asked(method, path)

    def parse(self, inbound: Inbound) -> Parsed:
        return read(inbound.body, inbound.received_at, timedelta(seconds=self.resolve_timeout_seconds))

    def swift_reply(self, body: bytes, received_at: datetime) -> Reply | None:
        return _OK if all_good(body, received_at, timedelta(seconds=self.resolve_timeout_seconds)) else None

    def reply(self, parsed: Parsed) -> Reply:
        if not parsed.problems:
            return _OK
        return Reply(400, "\n".join(map(str, parsed.problems)).encode(errors="replace"), _TEXT)

    def instructions(self, address: str) -> str:
        to = urlsplit(address)
        return _INSTRUCTIONS.format(
            address=address.rstrip("/"), scheme=to.scheme, target=to.netloc, prefix=to.path.rstrip("/")
        )


_INSTRUCTIONS = """\
Add Watchroom to the Alertmanagers in `prometheus.yml`. One that you have already can stay beside it.

```yaml
alerting:
  alertmanagers:
    - scheme: {scheme}
      path_prefix: {prefix}
      static_configs:
        - targets: ["{target}"]
```

Then reload Prometheus (`kill -HUP`, or `POST /-/reload`). The address contains the key: treat it as a password.

To send a test alert, which resolves itself after five minutes:

```sh
curl --fail-with-body -H 'Content-Type: application/json' \\
  -d '[{{"labels": {{"alertname": "WatchroomTest", "severity": "info"}}, "annotations": {{"summary": "A test alert"}}}}]' \\
  {address}/api/v2/alerts
```

Tools that ask an Alertmanager (`amtool`, karma, Grafana) can ask here: they see this integration's alerts and its team's
silences, and can silence.

```sh
amtool --alertmanager.url={address} alert query
amtool --alertmanager.url={address} silence add --comment="new disks" --duration=2h alertname=DiskFull
```

| label or annotation | becomes |
| --- | --- |
| `severity` | the severity: `critical`, `error`, `warning` or `info` (also `page`, `crit`, `p1` … `p5`, `sev1` … `sev4`, `major`, `minor`) |
| annotation `summary` | the title; without it, `alertname` and `instance` |
| `generatorURL` | the link back to Prometheus |
"""
