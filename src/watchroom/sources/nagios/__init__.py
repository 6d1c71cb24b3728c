"""Nagios, Icinga 2, Naemon and Checkmk Raw, through a notification command that posts a form.

https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/macrolist.html
https://icinga.com/docs/icinga-2/latest/doc/03-monitoring-basics/#notification-commands
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Webhook, alert, labels, notes

_SEVERITIES: dict[str, Severity] = {
    "critical": "critical", "down": "critical", "unreachable": "error", "unknown": "error", "warning": "warning",
}  # fmt: skip
_QUIET = {"flappingstart", "flappingstop", "flappingend", "flappingdisabled", "downtimestart", "downtimeend",
          "downtimeremoved", "downtimecancelled"}  # fmt: skip


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One notification about a host, or about a service on it."""
    kind = said["type"].line(40).lower().replace(" ", "")
    host = said["host"].needed("keep “host” in the command.")
    service, state = said["service"].line(), said["state"].line(20).lower()
    if kind in _QUIET:  # they know; nothing is to be done
        return
    found = alert(
        inbound,
        f"{host}!{service}" if service else host,
        f"{service} on {host} is {state.upper() or 'in trouble'}"
        if service
        else f"{host} is {state.upper() or 'down'}",
        over=kind == "recovery" or state in ("ok", "up"),
        severity=_SEVERITIES.get(state, "warning"),
        named=labels(
            alertname=service or "Host", host=host, service=service, address=said["address"], group=said["group"]
        ),
        texts=notes(description=said["output"], details=said["long_output"]),
        link=said["link"].link(),
        since=said["at"].time(inbound.received_at),
    )
    words = said["comment"].line(900)
    by = f"by {said['author'].line(80) or 'somebody'}"
    if kind == "acknowledgement":
        found = replace(found, act="acknowledge", note=f"{words} ({by})" if words else by)
    elif kind == "custom" and words:
        found = replace(found, act="note", ends_at=None, stated_end=False, note=f"{words} ({by})")
    yield found


source = Webhook(
    "nagios",
    "Nagios / Icinga",
    "Hosts and services of Nagios, Icinga, Naemon and their kin.",
    read,
    """\
**Nagios, Naemon**: in `objects/commands.cfg`

```text
define command {
    command_name  watchroom-service
    command_line  /usr/bin/curl --fail --silent --max-time 20 --retry 5 ADDRESS --data-urlencode "type=$NOTIFICATIONTYPE$" --data-urlencode "host=$HOSTNAME$" --data-urlencode "address=$HOSTADDRESS$" --data-urlencode "service=$SERVICEDESC$" --data-urlencode "state=$SERVICESTATE$" --data-urlencode "output=$SERVICEOUTPUT$" --data-urlencode "long_output=$LONGSERVICEOUTPUT$" --data-urlencode "author=$NOTIFICATIONAUTHOR$" --data-urlencode "comment=$NOTIFICATIONCOMMENT$"
}
define command {
    command_name  watchroom-host
    command_line  /usr/bin/curl --fail --silent --max-time 20 --retry 5 ADDRESS --data-urlencode "type=$NOTIFICATIONTYPE$" --data-urlencode "host=$HOSTNAME$" --data-urlencode "address=$HOSTADDRESS$" --data-urlencode "state=$HOSTSTATE$" --data-urlencode "output=$HOSTOUTPUT$" --data-urlencode "author=$NOTIFICATIONAUTHOR$" --data-urlencode "comment=$NOTIFICATIONCOMMENT$"
}
define contact {
    contact_name                   watchroom
    service_notification_commands  watchroom-service
    host_notification_commands     watchroom-host
    service_notification_options   u,c,r,w
    host_notification_options      d,u,r
    service_notification_period    24x7
    host_notification_period       24x7
}
```

Put the contact into the contact groups of what shall alert.

**Icinga 2**: in `conf.d/watchroom.conf`

```text
object NotificationCommand "watchroom" {
  command = [ "/usr/bin/curl", "--fail", "--silent", "--max-time", "20", "--retry", "5", "ADDRESS" ]
  arguments = {
    "type" = { key = "--data-urlencode", value = "type=$notification.type$" }
    "host" = { key = "--data-urlencode", value = "host=$host.name$" }
    "address" = { key = "--data-urlencode", value = "address=$host.address$" }
    "service" = { key = "--data-urlencode", value = "service=$service.name$", set_if = {{ service != null }} }
    "state" = { key = "--data-urlencode", value = {{ if (service) { return "state=" + macro("$service.state$") } else { return "state=" + macro("$host.state$") } }} }
    "output" = { key = "--data-urlencode", value = {{ if (service) { return "output=" + macro("$service.output$") } else { return "output=" + macro("$host.output$") } }} }
    "author" = { key = "--data-urlencode", value = "author=$notification.author$" }
    "comment" = { key = "--data-urlencode", value = "comment=$notification.comment$" }
  }
}
object User "watchroom" { }
apply Notification "watchroom-host" to Host { command = "watchroom"; users = [ "watchroom" ]; assign where true }
apply Notification "watchroom-service" to Service { command = "watchroom"; users = [ "watchroom" ]; assign where true }
```

A problem fires until it recovers; who acknowledges it there acknowledges it here; flapping and downtimes open nothing.
""",
    forms=True,
)
