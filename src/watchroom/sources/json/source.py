"""The source itself: which requests it takes, what it can be told, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...kernel.errors import Refused
from .. import mapping
from ..base import Inbound, Parsed, Reply, Setting
from ..webhook import Unusable
from .reading import read


class Anything:
    """JSON, forms and plain text."""

    name = "json"
    label = "JSON, forms and text (scripts and anything else)"
    summary = "A script, a cron job, or any tool that can post something: with a mapping of yours, whatever it sends."
    resolve_timeout_seconds: int | None = None
    headers: tuple[str, ...] = ()
    asks: tuple[Setting, ...] = ()
    mapped = True  # its integrations may have a mapping

    def accepts(self, method: str, path: str) -> bool:
        return method == "POST" and path in ("", "/")

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, cleaned.

        :raises Refused: one that is not known, or a mapping that is not accepted or whose tests fail.
        """
        return mapping.checked_settings(settings)

    def glance(self, inbound: Inbound) -> Parsed:
        """What can be said without carrying out a mapping, which is for the engine: its problems are its owner's."""
        if not inbound.settings.get("mapping"):
            return self.parse(inbound)
        try:
            mapping.payload_of(inbound)
        except Unusable as unusable:
            return Parsed(problems=(unusable.problem,))
        return Parsed()

    def parse(self, inbound: Inbound) -> Parsed:
        try:
            payload = mapping.payload_of(inbound)
            if said := inbound.settings.get("mapping"):
                return mapping.read(said, payload, inbound)
            return Parsed(tuple(read(payload, inbound)))
        except Unusable as unusable:
            return Parsed(problems=(unusable.problem,))

    def payload(self, inbound: Inbound) -> Any:
        """What a mapping sees of a request.

        :raises Refused: nothing; it can't be read.
        """
        try:
            return mapping.payload_of(inbound)
        except Unusable as unusable:
            told = unusable.problem
            raise Refused("It can't be read.", field=told.field, value=told.value, fix=told.fix) from None

    def reply(self, parsed: Parsed) -> Reply:
        if not parsed.problems:
            return Reply(200, b'{"status": "accepted"}')
        said = {"title": "Not accepted", "status": 400, "detail": "\n".join(map(str, parsed.problems))}
        return Reply(400, msgspec.json.encode(said), "application/problem+json")

    def instructions(self, address: str) -> str:
        return _INSTRUCTIONS.replace("ADDRESS", address.rstrip("/"))


_INSTRUCTIONS = """\
Post one JSON object for one alert, or a list of them:

```sh
curl --fail-with-body -H 'Content-Type: application/json' ADDRESS -d '{
  "title": "Backup failed", "key": "backup/db1", "severity": "error",
  "description": "No space left on /var/backups", "link": "https://wiki.example.org/backup",
  "labels": {"service": "backup", "host": "db1"}}'
```

and when it is over, with the same key:

```sh
curl --fail-with-body -H 'Content-Type: application/json' ADDRESS -d '{"key": "backup/db1", "status": "resolved"}'
```

A form with the same fields, or plain text (the first line is the title; `OK:` or `[RESOLVED]` in front of it ends it):

```sh
curl --fail-with-body ADDRESS -d title='Backup failed' -d key=backup/db1 -d host=db1
curl --fail-with-body -H 'Content-Type: text/plain' ADDRESS --data-binary 'Backup of db1 failed'
```

| field | also | becomes |
| --- | --- | --- |
| `title` | `summary`, `message`, `text`, `subject`, `name` | the title |
| `key` | `dedup_key`, `alias`, `id`; else the title | what makes it the same alert |
| `status` | `state` | `resolved`, `ok`, `up`, `closed` and the like end it; anything else fires |
| `severity` | `level`, `priority` | `critical`, `error`, `warning`, `info`, or `P1` to `P5` |
| `labels` | `service`, `host`, `environment`, `source` | labels, for routes and grouping |
| `description` | `body`, `details`; `message` or `text` beside a title | shown with the alert |
| `link` | `url` | the link back |
| `at` | `starts_at`, `timestamp` | since when; RFC 3339 or seconds since 1970 |

A tool that sends something else needs a **mapping**: *Mapping* on the integration's page shows what the last payloads become while
you write it.
"""
