"""The source itself: which requests it takes, and what it answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..base import Inbound, Parsed, Reply
from .reading import ACTION, CREATE, HEARTBEAT, HEARTBEATS, ONE, Request, read


class Opsgenie:
    """Opsgenie's Alert API v2."""

    name = "opsgenie"
    label = "Opsgenie Alert API"
    summary = "Any tool that has a field for Opsgenie: give it this host and this key instead."
    resolve_timeout_seconds: int | None = None
    headers: tuple[str, ...] = ()

    def accepts(self, method: str, path: str) -> bool:
        if method == "POST":
            return path == CREATE or ACTION.fullmatch(path) is not None
        return method == "DELETE" and (found := ONE.fullmatch(path)) is not None and "/" not in found["identifier"]

    def asked(self, method: str, path: str) -> bool:
        if path.startswith(HEARTBEATS):
            found = HEARTBEAT.fullmatch(path)
            if found and found["act"] == "ping":  # Opsgenie takes a ping by any of these
                return method in ("GET", "HEAD", "POST", "PUT", "PATCH")
            if found and found["act"]:
                return method == "POST"
            if found:
                return method in ("GET", "HEAD", "PATCH", "DELETE")
            return path == HEARTBEATS and method in ("GET", "HEAD", "POST")
        return method in ("GET", "HEAD") and (path == CREATE or ONE.fullmatch(path) is not None)

    def parse(self, inbound: Inbound) -> Parsed:
        return read(inbound)

    def reply(self, parsed: Parsed) -> Reply:
        said: dict[str, Any] = {"took": 0.0, "requestId": parsed.request_id if isinstance(parsed, Request) else ""}
        if parsed.problems:
            errors = {each.field: f"{each.value!r} is not accepted; {each.fix}" for each in parsed.problems}
            message = "Request body is not processable. Please check the errors."
            return Reply(422, msgspec.json.encode({"message": message, "errors": errors, **said}))
        return Reply(202, msgspec.json.encode({"result": "Request will be processed", **said}))

    def limited(self, seconds: int) -> Reply:
        message = f"You are making too many requests! Send it again in {seconds} seconds."
        return Reply(429, msgspec.json.encode({"message": message, "took": 0.0}))

    def instructions(self, address: str) -> str:
        to = urlsplit(address)
        return _INSTRUCTIONS.format(
            address=address.rstrip("/"), host=f"{to.scheme}://{to.netloc}", key=to.path.rstrip("/").rpartition("/")[2]
        )


_INSTRUCTIONS = """\
Wherever a tool asks for an Opsgenie **API key**, give it the key of this integration, and instead of
`https://api.opsgenie.com` give it

```text
{host}
```

A tool that can't send the header `Authorization: GenieKey …` takes `{address}` as the host. The address contains the
key: treat it as a password.

In `alertmanager.yml`:

```yaml
receivers:
  - name: watchroom
    opsgenie_configs:
      - api_key: {key}
        api_url: {host}/
```

To send a test alert, and to close it:

```sh
curl --fail-with-body -H 'Authorization: GenieKey {key}' -H 'Content-Type: application/json' \\
  -d '{{"message": "A test alert", "alias": "watchroom-test", "priority": "P5"}}' {host}/v2/alerts
curl --fail-with-body -H 'Authorization: GenieKey {key}' -H 'Content-Type: application/json' \\
  -d '{{}}' '{host}/v2/alerts/watchroom-test/close?identifierType=alias'
```

| field | becomes |
| --- | --- |
| `message` | the title |
| `alias` | what makes it the same alert; without one, every request is an alert of its own |
| `priority` | `P1` critical, `P2` error, `P3` (or none) warning, `P4` and `P5` info |
| `entity`, `source`, `tags`, short `details` | labels, for routes and grouping |
| `description`, `responders`, `visibleTo`, `actions`, long `details` | annotations; who is paged, Watchroom's routes decide |

Taken: create, close, acknowledge, add a note, delete (which closes), get, list, and the status of a request. An alert's
id follows from its alias: an alert that comes again after it was closed has the same id. Queries other than
`status:open` and `status:closed` and the other actions are not taken.

Heartbeats (`/v2/heartbeats/NAME/ping`, create, get, list, update, enable, disable, delete) are those of this integration's team under
*Monitors*, by their name or slug:

```sh
curl --fail-with-body -H 'Authorization: GenieKey {key}' -X POST {host}/v2/heartbeats/nightly-backup/ping
```

A ping is answered after it has been stored; a heartbeat that the team does not have is a 404. `interval`, `intervalUnit`, `enabled` and
`alertPriority` mean what they mean there. `description` is shown with its alert, `alertMessage` is the alert's title, `alertTags` its label
`tags`; `ownerTeam` is always this integration's team. A disabled one is paused. One that follows a cron or OnCalendar expression gets
another one in Watchroom only.
"""
