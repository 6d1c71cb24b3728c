"""Webhooks of other people's status pages (Atlassian Statuspage and what speaks its form).

https://support.atlassian.com/statuspage/docs/enable-webhook-notifications/
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Webhook, alert, labels, notes

_IMPACTS: dict[str, Severity] = {
    "critical": "critical", "major": "error", "minor": "warning", "none": "info", "maintenance": "info",
}  # fmt: skip
_OVER = {"resolved", "postmortem", "completed"}
_STATES: dict[str, Severity] = {
    "major_outage": "error", "partial_outage": "warning", "degraded_performance": "info", "under_maintenance": "info",
}  # fmt: skip


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """An incident of somebody whom you depend on, or a component whose state changed; each comes by itself."""
    if said["component_update"]:
        yield _component(said, inbound)
        return
    incident = said["incident"]
    if not incident or incident["status"].line(40) == "scheduled":  # work that is announced has not begun
        return
    key = incident["id"].needed("send the webhook as Statuspage does.")
    update = next(incident["incident_updates"].each(), Said(None))
    yield alert(
        inbound,
        key,
        incident["name"].line() or key,
        over=incident["status"].line(40) in _OVER,
        severity=_IMPACTS.get(incident["impact"].line(20), "warning"),
        named=labels(
            alertname=incident["name"],
            kind="ThirdPartyMaintenance" if incident["impact"].line(20) == "maintenance" else "ThirdPartyIncident",
            page=said["page"]["id"],
            stage=incident["status"],
        ),
        texts=notes(description=update["body"], state=said["page"]["status_description"]),
        link=incident["shortlink"].link(),
        since=incident["created_at"].time(inbound.received_at),
        until=incident["resolved_at"].time(inbound.received_at),
    )


def _component(said: Said, inbound: Inbound) -> Draft:
    """One component. Many pages say by nothing else that something is broken; those that also open an incident say it twice,
    so this is the lesser one, with the same page for grouping."""
    about, update = said["component"], said["component_update"]
    number = (about["id"] if about["id"] else update["component_id"]).needed("send the webhook as Statuspage does.")
    state = update["new_status"].line(40) or about["status"].line(40)
    name = about["name"].line() or number
    return alert(
        inbound,
        f"component:{number}",
        f"{name}: {state.replace('_', ' ')}",
        over=state == "operational",
        severity=_STATES.get(state, "warning"),
        named=labels(alertname=name, kind="ThirdPartyComponent", page=said["page"]["id"], component=name),
        texts=notes(state=said["page"]["status_description"], description=about["description"]),
        since=update["created_at"].time(inbound.received_at),
        until=update["created_at"].time(inbound.received_at),
    )


source = Webhook(
    "statuspage",
    "Somebody else's status page",
    "Incidents and components of services that you depend on.",
    read,
    """\
On the other status page: *Subscribe to updates → Webhook*, and as address

```text
ADDRESS
```

An incident there fires until it is resolved there. Route it (`kind="ThirdPartyIncident"`) to the service that needs
them, with low urgency if you can do nothing about it. Planned work there (`kind="ThirdPartyMaintenance"`) is info, and fires
while it is done, not when it is announced.

A component that is not operational fires by itself (`kind="ThirdPartyComponent"`), since many pages say no more than that. A
page that also writes incidents says it twice: group both by `page`, or silence the components.
""",
)
