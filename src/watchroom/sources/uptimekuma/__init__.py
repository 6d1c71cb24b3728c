"""Uptime Kuma's notification of the kind Webhook. https://github.com/louislam/uptime-kuma/wiki"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..base import Draft, Inbound
from ..webhook import Said, Webhook, alert, labels, notes

_UP, _MAINTENANCE = "1", "3"


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One heartbeat. A notification without a monitor (its test, or a certificate's expiry) says only a text."""
    monitor, beat = said["monitor"], said["heartbeat"]
    if not monitor:
        title = said["msg"].needed("send the webhook as Uptime Kuma does (JSON).", 300)
        certificate = re.match(r"(.*\bcert\w* will (?:be )?expire)", title, re.IGNORECASE)
        yield alert(
            inbound,
            f"message:{certificate[1] if certificate else title}",  # the days that are left are said, too: one alert, not many
            title,
            over=False,
            severity="warning" if certificate else "info",
            named={"alertname": "CertificateExpires" if certificate else "UptimeKuma", "kind": "UptimeKuma"},
        )
        return
    number, name = monitor["id"].needed("send the webhook as Uptime Kuma does."), monitor["name"].line()
    state = beat["status"].line(10)
    if state == _MAINTENANCE:
        return
    yield alert(
        inbound,
        f"monitor:{number}",
        f"{name or number} is down",
        over=state == _UP,
        severity="critical",
        named=labels(
            alertname=name or number,
            kind="Down",
            monitor=name or number,
            type=monitor["type"],
            host=monitor["hostname"],
        ),
        texts=notes(description=beat["msg"]),
        link=monitor["url"].link(),
    )


source = Webhook(
    "uptimekuma",
    "Uptime Kuma",
    "Monitors of Uptime Kuma.",
    read,
    """\
In Uptime Kuma: *Settings → Notifications → Setup notification*, type **Webhook**, request body *Preset - application/json*,
and as URL

```text
ADDRESS
```

Switch on *Default enabled* and *Apply on all existing monitors*. What is under maintenance there opens no alert here.

Route monitors that are down by `kind="Down"` (some by `monitor`, `type` or `host`), and what names no monitor, such as a
certificate that expires, by `kind="UptimeKuma"`.
""",
)
