"""Zabbix, through a media type of the type Webhook whose script its set-up shows.

https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook
https://www.zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Webhook, alert, labels, notes

# {EVENT.NSEVERITY}: 0 not classified, 1 information, 2 warning, 3 average, 4 high, 5 disaster
_SEVERITIES: dict[str, Severity] = {
    "0": "warning", "1": "info", "2": "warning", "3": "error", "4": "error", "5": "critical",
}  # fmt: skip


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One problem, its recovery (it has the problem's own id) or an update of it."""
    key = said["event_id"].needed("keep “event_id” in the media type's parameters.", 40)
    named = labels(alertname=said["trigger"], host=said["host"], severity=said["severity"])
    try:
        tags = Said(msgspec.json.decode(said["tags"].text(15_000) or "[]"), "tags")
    except (msgspec.DecodeError, RecursionError):
        tags = Said([])
    for tag in tags.each():  # {EVENT.TAGSJSON}: [{"tag": "component", "value": "cpu"}]
        if tag["tag"].line(200) and tag["value"].line(200):
            named.setdefault(tag["tag"].line(200), tag["value"].line(200))
    update = said["update_status"].line(10) == "1"
    found = alert(
        inbound,
        key,
        said["name"].line() or said["subject"].line() or key,
        over=said["value"].line(10) == "0",
        severity=_SEVERITIES.get(said["nseverity"].line(4), "warning"),
        named=named or {"event": key},
        texts=notes(description=said["message"], opdata=said["opdata"]),
        link=said["link"].link(),
    )
    if update and found.act == "fire":
        words = said["update_message"].line(900)
        by = f"by {said['update_user'].line(80) or 'somebody'} in Zabbix"
        if said["acknowledged"].line(10).lower() == "yes":
            found = replace(found, act="acknowledge", note=f"{words} ({by})" if words else by)
        elif words:
            found = replace(found, act="note", note=f"{words} ({by})")
    yield found


source = Webhook(
    "zabbix",
    "Zabbix",
    "Problems of Zabbix 5.0 or later, through a webhook media type.",
    read,
    """\
In Zabbix: *Alerts → Media types → Create media type*, type **Webhook**, with these parameters:

| name | value |
| --- | --- |
| `event_id` | `{EVENT.ID}` |
| `value` | `{EVENT.VALUE}` |
| `name` | `{EVENT.NAME}` |
| `trigger` | `{TRIGGER.NAME}` |
| `host` | `{HOST.NAME}` |
| `severity` | `{EVENT.SEVERITY}` |
| `nseverity` | `{EVENT.NSEVERITY}` |
| `opdata` | `{EVENT.OPDATA}` |
| `tags` | `{EVENT.TAGSJSON}` |
| `message` | `{ALERT.MESSAGE}` |
| `update_status` | `{EVENT.UPDATE.STATUS}` |
| `update_user` | `{USER.FULLNAME}` |
| `update_message` | `{EVENT.UPDATE.MESSAGE}` |
| `acknowledged` | `{EVENT.ACK.STATUS}` |
| `link` | `{$ZABBIX.URL}/tr_events.php?triggerid={TRIGGER.ID}&eventid={EVENT.ID}` |

and this script:

```js
var request = new HttpRequest();
request.addHeader('Content-Type: application/json');
var answer = request.post('ADDRESS', value);
if (request.getStatus() !== 200) {
    throw 'Watchroom answered ' + request.getStatus() + ': ' + answer;
}
return 'OK';
```

Add the message templates *Problem*, *Problem recovery* and *Problem update*, give the media type to a user, and send to it in
an action with recovery and update operations. `{$ZABBIX.URL}` is a global macro of yours with the address of your Zabbix.

A problem fires until it recovers. Who acknowledges it in Zabbix acknowledges it here.
""",
)
