"""Grafana's alerting webhook, which is also that of Alertmanager (version 4).

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
https://github.com/grafana/alerting/blob/main/receivers/webhook/v1/webhook.go (and ``http/hmac.go`` for the signature)
https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from msgspec.structs import replace

from ..base import Draft, Inbound
from ..webhook import Said, Signed, Unusable, Webhook, alert, labels, notes

# What Grafana calls an alert whose rule could not be judged; the rule's own name is then in "rulename".
_NOT_ASKED = {"DatasourceNoData": "there is no data", "DatasourceError": "it can't be asked"}
_LINKS = ("dashboardURL", "panelURL", "generatorURL")
_TOLD_AGAIN = timedelta(hours=5)  # both repeat what still fires after four hours, unless told otherwise


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """Each alert for itself, by its fingerprint; the group that the sender made of them does not count."""
    if not isinstance(said["alerts"].value, list):
        raise Unusable("alerts", said["alerts"].value, "send the webhook's own body, which has a list of alerts.")
    for each in said["alerts"].each():
        named = {name[:200]: value.line(1000) for name, value in each["labels"].items() if name and value.line(1000)}
        if not named:
            raise Unusable(each["labels"].place, each["labels"].value, "give at least one label.")
        identity = "".join(f"{name}\xff{value}\xff" for name, value in sorted(named.items()))
        key = each["fingerprint"].line(64) or hashlib.sha256(identity.encode()).hexdigest()[:32]
        texts = {name[:200]: value.text(15_000) for name, value in each["annotations"].items() if name and value}
        texts |= notes(values=_values(each), silence=each["silenceURL"], image=each["imageURL"])
        name, instance = named.get("alertname", ""), named.get("instance", "")
        if name in _NOT_ASKED and named.get("rulename"):
            name = f"{named['rulename']}: {_NOT_ASKED[name]}"
        by_name = f"{name} on {instance}" if name and instance else name
        links = [each[name].link() for name in _LINKS if each[name].link()]
        yield alert(
            inbound,
            key,
            Said(texts.get("summary", "")).line() or by_name or said["title"].line() or key,
            over=each["status"].text() == "resolved",
            severity=Said(named.get("severity", "warning")).severity("info"),
            named=named,
            texts=texts,
            link=links[0] if links else said["externalURL"].link(),
            since=each["startsAt"].time(inbound.received_at),
            until=each["endsAt"].time(inbound.received_at),
        )
    yield from _left_out(said, inbound)


def _values(alert: Said) -> Said | str:
    """What a rule measured: as one text, which newer versions are to leave out, or else by the names of its parts."""
    if alert["valueString"]:
        return alert["valueString"]
    return ", ".join(f"{name}={value.text(40)}" for name, value in alert["values"].items() if value.text(40))


def _left_out(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """The sender's own limit (*Max alerts*) kept some of a group to itself: nobody would hear of those. Nothing says when
    that is over; so it is, when no such message comes any more. Where all that came is well again, nothing is made of the rest."""
    number = said["truncatedAlerts"].value
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0 or said["status"].text() == "resolved":
        return
    named = {name[:200]: value.line(1000) for name, value in said["groupLabels"].items() if name and value.line(1000)}
    what = ", ".join(f"{name}={value}" for name, value in named.items()) or said["receiver"].line() or "a group"
    yield replace(
        alert(
            inbound,
            f"left out:{said['groupKey'].key() or what}",
            f"The sender left out {number} more alerts of {what}",
            over=False,
            named=labels(alertname=f"Alerts of {what} left out", kind="AlertsLeftOut", receiver=said["receiver"]),
            texts=notes(
                description="Raise “Max alerts” (max_alerts) of its webhook, or let it be 0, so that every alert comes."
            ),
            link=said["externalURL"].link(),
        ),
        ends_at=inbound.received_at + _TOLD_AGAIN,
    )


source = Webhook(
    "grafana",
    "Grafana Alerting / Alertmanager webhook",
    "Alerts of Grafana, or of an Alertmanager that you keep.",
    read,
    """\
In Grafana: *Alerting → Contact points → Add*, integration **Webhook**, and as URL

```text
ADDRESS
```

Leave *Disable resolved message* off, and let a notification policy use the contact point. With *HMAC signature* set, put
the same secret into this integration's settings (header `X-Grafana-Alerting-Signature`; leave *Timestamp header* empty, or
write `X-Grafana-Alerting-Timestamp` or `X-Grafana-Alerting-Signature-Timestamp`). Both methods, POST and PUT, are taken.

In `alertmanager.yml`:

```yaml
receivers:
  - name: watchroom
    webhook_configs:
      - url: ADDRESS
        send_resolved: true
```

Every alert counts for itself, by its fingerprint. `summary` is the title, `severity` the severity; a dashboard or panel is
the link back. Leave *Max alerts* at 0: what Grafana leaves out for it nobody can see, so an alert (`kind="AlertsLeftOut"`) says
how many.
""",
    methods=("POST", "PUT"),
    signed=Signed(
        "x-grafana-alerting-signature",
        timestamps=("x-grafana-alerting-timestamp", "x-grafana-alerting-signature-timestamp"),
    ),
)
