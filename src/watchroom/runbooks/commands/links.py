"""Asking the links of a runbook whether they still lead somewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.http import OutgoingFailed, fetch
from .. import rules
from ..models import Runbook
from ..queries import steps_in

MOST, AT_ONCE, SECONDS = 48, 12, 4.0
_BEHIND_A_DOOR = {401, 403, 407, 429}  # it is there, and does not know us


def check_links(by: Actor, runbook: Runbook) -> Runbook:
    """Ask each http(s) link of it, and keep what came of it: ``[{url, ok, text}]``; ``ok`` is None where Watchroom may not ask.

    Outgoing requests leave through ``kernel/http.py``: what lies in a private network is asked only where an operator permits
    it. Outside of any transaction, then one that keeps it.
    """
    by.require(Action.RESPOND, runbook.team)
    by.require_change()
    links = rules.links_in(steps_in(runbook), runbook.summary)[:MOST]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="links") as pool:
        found = list(pool.map(_asked, links))
    with change(by, "runbook.links_checked", runbook, needs=Action.RESPOND, team=runbook.team) as made:
        runbook.links, runbook.links_at = found, made.at
        runbook.save(update_fields=["links", "links_at"])
        made.note(asked=len(found), dead=sum(each["ok"] is False for each in found))
        made.touch("runbooks", f"runbook:{runbook.pk}")
    return runbook


def _asked(url: str) -> dict[str, Any]:
    try:
        status = fetch("GET", url, timeout_seconds=SECONDS, limit_bytes=2_048).status
    except Refused as error:
        return {"url": url, "ok": None, "text": f"It was not asked: {error.message}"[:300]}
    except OutgoingFailed as error:
        return {"url": url, "ok": False, "text": error.message[:300]}
    if status in _BEHIND_A_DOOR:
        return {"url": url, "ok": True, "text": f"It asks for a sign-in ({status})."}
    return {"url": url, "ok": status < 400, "text": f"It answered {status}."}
