"""Anything that can post JSON: the fields that most tools and scripts use, under the names that they mostly have."""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound
from ..webhook import Said, Unusable, Webhook, alert, notes

_OVER = {
    "resolved",
    "resolve",
    "ok",
    "up",
    "recovered",
    "recovery",
    "closed",
    "close",
    "normal",
    "inactive",
    "end",
    "clear",
}


def _first(said: Said, *names: str) -> Said:
    return next((said[name] for name in names if said[name]), said[names[0]])


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One alert. What is sent again with the same key is the same alert; without a key, the title is the key."""
    title = _first(said, "title", "summary", "message", "text", "subject", "name").line()
    key = _first(
        said, "key", "dedup_key", "alias", "id", "title", "summary", "message", "text", "subject", "name"
    ).line(255)
    if not title and not key:
        raise Unusable("title", said["title"].value, "say in “title” what is wrong.")
    named = {name[:200]: value.line(1000) for name, value in said["labels"].items() if name and value.line(1000)}
    for name in ("service", "host", "environment", "source"):
        if said[name].line():
            named.setdefault(name, said[name].line())
    over = _first(said, "status", "state").line(40).lower() in _OVER
    yield alert(
        inbound,
        key,
        title,
        over=over,
        severity=_first(said, "severity", "level", "priority").severity(),
        named=named or {"alertname": title},
        texts=notes(description=_first(said, "description", "body", "details")),
        link=_first(said, "link", "url").link(),
        since=_first(said, "at", "starts_at", "timestamp").time(inbound.received_at),
    )


source = Webhook(
    "json",
    "JSON (scripts and anything else)",
    "A script, a cron job, or a tool whose webhook you can shape.",
    read,
    """\
Post one JSON object for one alert:

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

| field | also | becomes |
| --- | --- | --- |
| `title` | `summary`, `message`, `text`, `subject`, `name` | the title |
| `key` | `dedup_key`, `alias`, `id`; else the title | what makes it the same alert |
| `status` | `state` | `resolved`, `ok`, `up`, `closed` and the like end it; anything else fires |
| `severity` | `level`, `priority` | `critical`, `error`, `warning`, `info`, or `P1` to `P5` |
| `labels` | `service`, `host`, `environment`, `source` | labels, for routes and grouping |
| `description` | `body`, `details` | shown with the alert |
| `link` | `url` | the link back |
| `at` | `starts_at`, `timestamp` | since when; RFC 3339 or seconds since 1970 |

Slack's form of a webhook (`{"text": "…"}`) is accepted as it is.
""",
)
