"""The source itself: which requests it takes, how a letter becomes an alert, what it can be told, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ...kernel import settings as conf
from ...kernel.errors import Refused
from .. import mapping
from ..base import Draft, Inbound, Parsed, Reply, Setting, Severity
from ..webhook import OVER, Said, Unusable, alert, labels, notes, stated
from .letters import Letter, letter_of

PATHS = ("", "/", "/mailgun", "/mailgun/mime", "/sendgrid", "/postmark")
_ANSWERED = re.compile(r"^(?:(?:re|fwd?|aw|wg|tr|sv|antw)\s*:\s*)+", re.IGNORECASE)
_IMPORTANCE: dict[str, Severity] = {
    "1": "error",
    "2": "error",
    "high": "error",
    "urgent": "error",
    "4": "info",
    "5": "info",
    "low": "info",
}


class Read(Parsed, frozen=True, kw_only=True):
    """What was read, and who brought it."""

    path: str = ""


def read(letter: Letter, inbound: Inbound) -> Iterable[Draft]:
    """One letter is one alert; the state in front of its subject says how it is. Headers of ours may say it all."""
    if letter.headers.get("auto-submitted", "").lower().startswith("auto-replied"):
        return  # somebody is on holiday, or a mail of ours came back
    lines = [line.strip() for line in letter.text.splitlines() if line.strip()]
    subject = _ANSWERED.sub("", letter.subject) or (lines[0] if lines else "")
    if not subject:
        raise Unusable("Subject", "", "say in the subject what is wrong.")
    name, word = stated(Said(subject).line())
    state = letter.headers.get("x-watchroom-state", "").strip().lower() or word
    importance = letter.headers.get("x-priority", "")[:1] or letter.headers.get("importance", "").strip().lower()
    level = Said(letter.headers.get("x-watchroom-severity") or word)
    yield alert(
        inbound,
        Said(letter.headers.get("x-watchroom-key", "")).key() or f"{letter.tag}:{name}".lstrip(":"),
        name,
        over=state in OVER,
        severity=level.severity(_IMPORTANCE.get(importance, "warning")),
        named=labels(alertname=name[:200], sender=letter.sender, tag=letter.tag),
        texts=notes(description=letter.text),
    )


class Email:
    """Mail, from whoever brings it."""

    name = "email"
    label = "E-mail"
    summary = "Anything that can only send mail: printers, storage, cron, old monitoring."
    resolve_timeout_seconds: int | None = None
    headers: tuple[str, ...] = ()
    short_keys = True  # an address may lose its capitals on the way
    mapped = True
    asks: tuple[Setting, ...] = (
        Setting(
            "signing_key",
            "Mailgun's webhook signing key",
            "Checks what comes from Mailgun. Empty: it is not checked.",
            secret=True,
        ),
    )

    def accepts(self, method: str, path: str) -> bool:
        return method == "POST" and path in PATHS

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, cleaned.

        :raises Refused: one that is not known, or a mapping that is not accepted or whose tests fail.
        """
        key = settings.get("signing_key") or ""
        if not isinstance(key, str) or len(key) > 500:
            raise Refused("That is no key.", field="signing_key", value="", fix="Use a text of at most 500 letters.")
        found = mapping.checked_settings({name: value for name, value in settings.items() if name != "signing_key"})
        return {**found, "signing_key": key.strip()} if key.strip() else found

    def glance(self, inbound: Inbound) -> Parsed:
        """What can be said by the head of a letter: to take the rest apart, or to carry out a mapping, may take a while."""
        try:
            letter = letter_of(inbound, head_only=True)
            found = () if inbound.settings.get("mapping") else tuple(read(letter, inbound))
            return Read(found, path=inbound.path)
        except Unusable as unusable:
            return Read(problems=(unusable.problem,), path=inbound.path)

    def parse(self, inbound: Inbound) -> Parsed:
        try:
            letter = letter_of(inbound)
            if said := inbound.settings.get("mapping"):
                found = mapping.read(said, letter.payload(), inbound)
                return Read(found.drafts, found.problems, found.slow, path=inbound.path)
            return Read(tuple(read(letter, inbound)), path=inbound.path)
        except Unusable as unusable:
            return Read(problems=(unusable.problem,), path=inbound.path)

    def payload(self, inbound: Inbound) -> Any:
        """What a mapping sees of a letter.

        :raises Refused: it can't be read.
        """
        try:
            return letter_of(inbound).payload()
        except Unusable as unusable:
            told = unusable.problem
            raise Refused("It can't be read.", field=told.field, value=told.value, fix=told.fix) from None

    def reply(self, parsed: Parsed) -> Reply:
        if not parsed.problems:
            return Reply(200, b'{"status": "accepted"}')
        path = parsed.path if isinstance(parsed, Read) else ""
        status = 401 if parsed.problems[0].field == "signature" else 400
        if path.startswith("/mailgun"):
            status = 406  # to Mailgun the only "no" that means "don't send it again"
        elif path == "/postmark":
            status = 403  # and to Postmark
        said = {"title": "Not accepted", "status": status, "detail": "\n".join(map(str, parsed.problems))}
        return Reply(status, msgspec.json.encode(said), "application/problem+json")

    def instructions(self, address: str) -> str:
        to = urlsplit(address)
        domain = conf.current().smtp_domain or to.hostname or "watchroom.example.org"
        key = to.path.rstrip("/").rpartition("/")[2]
        return _INSTRUCTIONS.replace("ADDRESS", address.rstrip("/")).replace("MAILBOX", key).replace("DOMAIN", domain)


_INSTRUCTIONS = """\
Let it send its mail to

```text
MAILBOX@DOMAIN
```

Watchroom takes mail itself when `WATCHROOM_SMTP_LISTEN` is set (such as `0.0.0.0:25`); point an MX record of `DOMAIN` at it, or let your
mail server hand on what is for that domain. A mail is answered with 250 only once it is stored. In Postfix:

```text
# /etc/postfix/transport
DOMAIN    smtp:[watchroom.internal]:2525
```

Or let a mail service bring it:

| service | set up | address |
| --- | --- | --- |
| Mailgun | *Receiving → Create route*, action *Forward*; put the *HTTP webhook signing key* into this integration's settings | `ADDRESS/mailgun` |
| SendGrid | *Settings → Inbound Parse → Add host & URL* | `ADDRESS/sendgrid` |
| Postmark | *Inbound stream → Settings → Webhook* | `ADDRESS/postmark` |

A script can post a whole mail too:

```sh
printf 'From: cron@db1\\nSubject: [PROBLEM] Backup of db1 failed\\n\\nNo space left\\n' | \\
  curl --fail-with-body -H 'Content-Type: message/rfc822' --data-binary @- ADDRESS
```

| of the mail | becomes |
| --- | --- |
| subject, without `Re:` and a state in front | the title, and what makes it the same alert |
| `[RESOLVED]`, `OK:`, `Recovered:` and the like in front of the subject | ends it; `CRITICAL:`, `Warning:` … are severities |
| `X-Watchroom-Key`, `X-Watchroom-State`, `X-Watchroom-Severity` | the same, said outright |
| `Importance` or `X-Priority` | high is an error, low is info |
| the sender's address; what follows a `+` (`MAILBOX+storage@DOMAIN`) | the labels `sender` and `tag` |
| the text | shown with the alert |

Automatic replies and bounces open nothing. Anything else is for a mapping. A heartbeat's key is an address too: mail to
`HEARTBEAT-KEY@DOMAIN` is a success, to `HEARTBEAT-KEY+fail@DOMAIN` or `+start` what it says.
"""
