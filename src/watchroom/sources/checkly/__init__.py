"""Checkly's webhook alert channel, with the body that its set-up asks for.

https://www.checklyhq.com/docs/integrations/alerts/webhooks/
"""

from __future__ import annotations

from collections.abc import Iterable
from html import unescape

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Signed, Webhook, alert, labels, notes

_KINDS: dict[str, tuple[bool, Severity]] = {  # is it over, and how bad
    "ALERT_FAILURE": (False, "critical"),
    "ALERT_FAILURE_REMAIN": (False, "critical"),
    "ALERT_DEGRADED": (False, "warning"),
    "ALERT_DEGRADED_REMAIN": (False, "warning"),
    "ALERT_DEGRADED_FAILURE": (False, "critical"),
    "ALERT_FAILURE_DEGRADED": (False, "warning"),
    "ALERT_RECOVERY": (True, "info"),
    "ALERT_DEGRADED_RECOVERY": (True, "info"),
}


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One check that changed. A certificate that is about to expire is a problem of its own, without an end.

    Its templates (Handlebars) write texts as HTML.
    """
    said = Said({name: unescape(value) if isinstance(value, str) else value for name, value in said.value.items()})
    number = said["check_id"].needed("keep “check_id” in the body.")
    kind = said["type"].line(40).upper()
    name = said["check"].line() or number
    named = labels(
        check=name, check_type=said["check_type"], group=said["group"], location=said["location"], tags=said["tags"]
    )
    if kind == "ALERT_SSL":
        days = said["ssl_days"].line(10)
        title = said["title"].line() or f"The certificate of {said['ssl_domain'].line() or name} expires"
        yield alert(
            inbound,
            f"ssl:{number}",
            f"{title} in {days} days" if days and days not in title else title,
            over=False,
            severity="warning",
            named={"alertname": "CertificateExpires", **named},
            link=said["link"].link(),
        )
        return
    over, severity = _KINDS.get(kind, ("RECOVERY" in kind, "error"))
    yield alert(
        inbound,
        number,
        said["title"].line() or f"{name} fails",
        over=over,
        severity=severity,
        named={"alertname": name, **named},
        texts=notes(description=said["error"]),
        link=said["link"].link(),
        since=said["at"].time(inbound.received_at),
    )


source = Webhook(
    "checkly",
    "Checkly",
    "Checks of Checkly that fail, degrade or recover.",
    read,
    """\
In Checkly: *Alerts → Add more channels → Webhook*. Method POST, as URL

```text
ADDRESS
```

a *webhook secret* that you also put into this integration's settings, and as body

```json
{"check_id": "{{CHECK_ID}}", "check": "{{CHECK_NAME}}", "check_type": "{{CHECK_TYPE}}", "group": "{{GROUP_NAME}}",
 "type": "{{ALERT_TYPE}}", "title": "{{ALERT_TITLE}}", "error": "{{CHECK_ERROR_MESSAGE}}", "location": "{{RUN_LOCATION}}",
 "tags": "{{#each TAGS}}{{this}} {{/each}}", "link": "{{RESULT_LINK}}", "at": "{{STARTED_AT}}",
 "ssl_days": "{{SSL_DAYS_REMAINING}}", "ssl_domain": "{{SSL_CHECK_DOMAIN}}"}
```

Leave *Recovery* switched on. A failure is critical, a degradation a warning.
""",
    signed=Signed("x-checkly-signature"),
)
