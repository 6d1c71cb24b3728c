"""Whatever can post to a Slack incoming webhook (Mattermost and Rocket.Chat have the same form).

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..base import Draft, Inbound, Reply, Severity
from ..webhook import OVER, Said, Unusable, Webhook, alert, json_of, notes, stated

_COLORS: dict[str, Severity] = {"danger": "error", "warning": "warning"}
_GREEN = {"good", "#36a64f", "#2eb886", "#00ff00"}
_LINK = re.compile(r"<(?P<address>https?://[^|>\s]+)(\|(?P<text>[^>]*))?>")


def _plain(text: str) -> str:
    """Slack's marks taken out: links, bold, and the three escaped letters."""
    text = _LINK.sub(lambda found: found["text"] or found["address"], text)
    text = re.sub(r"(?<!\w)[*_~`]+|[*_~`]+(?!\w)", "", text)
    return " ".join(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split())


def _description(texts: Iterable[str], title: str) -> str:
    """What the message says besides its title, each line once."""
    said = dict.fromkeys(_plain(line) for text in texts for line in text.splitlines())
    return "\n".join(line for line in said if line and stated(line)[0] != title)


def _blocks(said: Said) -> Iterable[str]:
    for block in said["blocks"].each():
        if block["text"]["text"]:
            yield block["text"]["text"].text(4_000)
        for field in block["fields"].each():
            yield field["text"].text(2_000)


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One message is one alert; the state at the beginning of its text, or a green bar, says that it is over."""
    if isinstance(said["payload"].value, str):  # as a form: payload=<the JSON>
        said = Said(json_of(said["payload"].value.encode(errors="replace")))
    first = next(said["attachments"].each(), Said(None, "attachments[0]"))
    lines = [
        each
        for each in (first["title"].text(4_000), said["text"].text(4_000), *_blocks(said), *_blocks(first),
                     first["pretext"].text(4_000), first["fallback"].text(4_000), first["text"].text(4_000))
        if _plain(each)
    ]  # fmt: skip
    if not lines:
        raise Unusable("text", said["text"].value, "say something in “text”, “blocks” or “attachments”.")
    title = _plain(lines[0].strip().splitlines()[0])
    name, state = stated(title)
    color = first["color"].line(20).lower()
    over = state in OVER if state else color in _GREEN
    named = {"alertname": name[:200]}
    for field in first["fields"].each():
        title_of, value = _plain(field["title"].text(100)), _plain(field["value"].text(500))
        if title_of and value and len(value) <= 200:
            named.setdefault(title_of[:100], value)
    for extra in ("channel", "username"):
        if said[extra].line(100):
            named.setdefault(extra, said[extra].line(100))
    level = Said(named.get("severity") or named.get("Severity") or named.get("Priority") or state)
    address = first["title_link"].link() or next(
        (found["address"] for each in lines if (found := _LINK.search(each))), ""
    )
    yield alert(
        inbound,
        name,
        name,
        over=over,
        severity=level.severity(_COLORS.get(color, "warning")),
        named=named,
        texts=notes(description=_description(lines, name)),
        link=address[:2000],
    )


source = Webhook(
    "slack",
    "Slack-style webhook",
    "Any tool that can post to Slack, Mattermost or Rocket.Chat: give it this address instead.",
    read,
    """\
Wherever a tool asks for the address of a **Slack incoming webhook**, give it

```text
ADDRESS
```

To try it, and to end it:

```sh
curl --fail-with-body -H 'Content-Type: application/json' ADDRESS -d '{"text": "[FIRING] Disk of db1 is full"}'
curl --fail-with-body -H 'Content-Type: application/json' ADDRESS -d '{"text": "[RESOLVED] Disk of db1 is full"}'
```

The first line is the title and, without a word such as `[FIRING]` or `Resolved:` in front, what makes it the same alert. It ends
with a message that begins with `[RESOLVED]`, `OK:`, `Recovered:` and the like, or whose attachment is green (`good`). Fields of an
attachment become labels; `danger` is an error, `warning` a warning. A tool that can do more has a better kind here.
""",
    forms=True,
    accepted=Reply(200, b"ok", "text/plain; charset=utf-8"),
)
