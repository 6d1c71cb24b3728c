"""Google Cloud Monitoring's webhook channel. https://cloud.google.com/monitoring/support/notification-options#webhooks"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound
from ..webhook import Said, Webhook, alert, labels, notes, stated


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One incident of Cloud Monitoring."""
    facts = said["incident"]
    key = facts["incident_id"].needed("send the webhook as Cloud Monitoring does.")
    named = labels(
        alertname=facts["policy_name"], condition=facts["condition_name"], resource=facts["resource_name"],
        project=facts["scoping_project_id"], resource_type=facts["resource"]["type"],
    )  # fmt: skip
    for name, value in [*facts["resource"]["labels"].items(), *facts["policy_user_labels"].items()]:
        if name and value.line():
            named.setdefault(name[:200], value.line(200))
    yield alert(
        inbound,
        key,
        _title(facts) or key,
        over=facts["state"].line(10).lower() == "closed",
        severity=facts["severity"].severity(),
        named=named or {"incident": key},
        texts=notes(summary=facts["summary"], description=facts["documentation"]["content"]),
        link=facts["url"].link(),
        since=facts["started_at"].time(inbound.received_at),
        until=facts["ended_at"].time(inbound.received_at),
    )


def _title(facts: Said) -> str:
    """The subject that the policy's documentation asks for, else the condition and what it is about."""
    if subject := facts["documentation"]["subject"].line():
        return stated(subject)[0]
    name = facts["condition_name"].line() or facts["policy_name"].line()
    about = facts["resource_display_name"].line() or facts["resource_name"].line()
    return f"{name} on {about}" if name and about and about not in name else name


source = Webhook(
    "gcloud",
    "Google Cloud Monitoring",
    "Incidents of Google Cloud Monitoring.",
    read,
    """\
In Google Cloud: *Monitoring → Alerting → Edit notification channels → Webhooks → Add new*, and as endpoint URL

```text
ADDRESS
```

Then choose the channel in your alerting policies, with *Notify on incident closure* on.
""",
)
