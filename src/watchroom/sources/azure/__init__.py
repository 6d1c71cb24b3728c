"""Azure Monitor's common alert schema. https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Webhook, alert, labels, notes

_SEVERITIES: dict[str, Severity] = {
    "sev0": "critical", "sev1": "error", "sev2": "warning", "sev3": "info", "sev4": "info",
}  # fmt: skip


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One alert of any of Azure Monitor's services."""
    facts = said["data"]["essentials"]
    key = facts["originAlertId"].line(255) or facts["alertId"].needed("switch on the common alert schema.", 255)
    target = next(facts["alertTargetIDs"].each(), Said(""))
    if rule := facts["alertRule"].line(100):
        key = f"{key[:150]}:{rule}"
    yield alert(
        inbound,
        key,
        facts["alertRule"].line() or key,
        over=facts["monitorCondition"].line(20).lower() == "resolved",
        severity=_SEVERITIES.get(facts["severity"].line(10).lower(), "warning"),
        named=labels(
            alertname=facts["alertRule"], signal=facts["signalType"], service=facts["monitoringService"],
            resource=target.line(2000).rpartition("/")[2],
        ) or {"alert": key},
        texts=notes(description=facts["description"], target=target),
        link=facts["investigationLink"].link(),
        since=facts["firedDateTime"].time(inbound.received_at),
        until=facts["resolvedDateTime"].time(inbound.received_at),
    )  # fmt: skip


source = Webhook(
    "azure",
    "Azure Monitor",
    "Alerts of Azure Monitor, in its common schema.",
    read,
    """\
In Azure: *Monitor → Alerts → Action groups*, an action of the type **Webhook** (not *Secure webhook*), and as URI

```text
ADDRESS
```

Switch on **Enable the common alert schema**, and let your alert rules use the action group with *Automatically resolve
alerts* on.
""",
)
