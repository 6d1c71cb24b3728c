"""The source itself: which requests it takes, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..base import Inbound, Parsed, Reply
from .reading import KINDS, Event, key_in, read


class PagerDuty:
    """PagerDuty's Events API: v2 with its change events, and v1."""

    name = "pagerduty"
    label = "PagerDuty Events API"
    summary = "Any tool that has a field for PagerDuty: give it this host and this key instead."
    resolve_timeout_seconds: int | None = None
    headers: tuple[str, ...] = ()
    body_bytes = 512 * 1024  # as theirs
    short_keys = True  # PagerDuty's have 32 characters, and some tools check that
    key_headers = ("x-routing-key",)

    def accepts(self, method: str, path: str) -> bool:
        return method == "POST" and path in KINDS

    def key_of(self, headers: Mapping[str, str], body: bytes) -> str:
        return next((headers[name] for name in self.key_headers if headers.get(name)), "") or key_in(body)

    def without_key(self) -> Reply:
        return _invalid(["routing_key: '' is not accepted; give the integration's key."])

    def parse(self, inbound: Inbound) -> Parsed:
        return read(inbound)

    def reply(self, parsed: Parsed) -> Reply:
        if parsed.problems:
            return _invalid([str(each) for each in parsed.problems])
        event = parsed if isinstance(parsed, Event) else Event()
        if event.kind == "change":
            return _json(202, {"status": "success", "message": "Change event processed"})
        if event.kind == "first":
            said = {"status": "success", "message": "Event processed", "incident_key": event.dedup_key}
            return _json(200, said)
        return _json(202, {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key})

    def limited(self, seconds: int) -> Reply:
        return _json(
            429,
            {
                "status": "throttle exceeded",
                "message": "Requests for this service are arriving too quickly. Please retry later.",
                "errors": [f"This integration has sent more than it may; send again in {seconds} seconds."],
            },
        )

    def instructions(self, address: str) -> str:
        to = urlsplit(address)
        return _INSTRUCTIONS.format(
            address=address.rstrip("/"), host=f"{to.scheme}://{to.netloc}", key=to.path.rstrip("/").rpartition("/")[2]
        )


def _json(status: int, said: dict[str, Any]) -> Reply:
    return Reply(status, msgspec.json.encode(said))


def _invalid(errors: list[str]) -> Reply:
    return _json(400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors})


_INSTRUCTIONS = """\
Wherever a tool asks for a PagerDuty **integration key** (or routing key, or service key), give it the key of this
integration, and instead of `https://events.pagerduty.com` give it

```text
{host}
```

A tool that lets you change the whole address but not the key takes `{address}/v2/enqueue`. The address contains the
key: treat it as a password.

In `alertmanager.yml`:

```yaml
receivers:
  - name: watchroom
    pagerduty_configs:
      - routing_key: {key}
        url: {host}/v2/enqueue
```

To send a test event, and to end it:

```sh
curl --fail-with-body -H 'Content-Type: application/json' {host}/v2/enqueue -d '{{"routing_key": "{key}",
  "event_action": "trigger", "dedup_key": "watchroom-test",
  "payload": {{"summary": "A test event", "source": "my desk", "severity": "info"}}}}'
curl --fail-with-body -H 'Content-Type: application/json' {host}/v2/enqueue -d '{{"routing_key": "{key}",
  "event_action": "resolve", "dedup_key": "watchroom-test"}}'
```

| field | becomes |
| --- | --- |
| `payload.summary` | the title |
| `payload.severity` | the severity |
| `source`, `component`, `group`, `class`, `client`, and short `custom_details` | labels, for routes and grouping |
| long `custom_details`, `links`, `images` | annotations |
| `client_url`, or else the first of `links` | the link back |
| `event_action` | `trigger` fires, `acknowledge` acknowledges the alert group, `resolve` ends the alert |

Change events (`/v2/change/enqueue`) open no alert: they become **changes**, which stand beside the alerts and incidents of their service.
Of which one, `custom_details.service` says by the short name of a service of this team; else it is the integration's own. Without either the
event lies with the integration's refused signals. `author`, `version` (or `commit`, `build_number`) and `kind` (`deploy`, `config`,
`flag`, `other`) of `custom_details` and the first of `links` are taken over.

```sh
curl --fail-with-body -H 'Content-Type: application/json' {host}/v2/change/enqueue -d '{{"routing_key": "{key}",
  "payload": {{"summary": "checkout 4.18", "source": "my build", "custom_details": {{"version": "4.18"}}}}}}'
```
"""
