"""The hand-off of a role, written from what the log knows. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ...paging.wording import time_stamp
from .catch_up import CatchUp

_MOST = 6  # lines of a kind


@dataclass(frozen=True)
class Note:
    """What somebody has to know who takes a role over."""

    knows: str
    still_open: str
    following: str


def prefilled(now: CatchUp) -> Note:
    """The beginning of a hand-off, for whoever writes it to put right."""
    knows = [now.state[:1].upper() + now.state[1:] + "."]
    knows += [f"Impact: {now.impact}"] if now.impact else []
    knows += [now.summary] if now.summary else []
    knows += [f"Confirmed: {each.text}" for each in now.confirmed[-_MOST:]]
    knows += [f"Tried: {each.title} ({each.standing})" for each in now.tried[-_MOST:]]
    still_open = [
        f"Hypothesis: {each.text}" + (f" ({each.tester} tests it)" if each.tester else "")
        for each in now.open_ideas[-_MOST:]
    ]
    still_open += [f"Question: {each.text}" for each in now.questions[-_MOST:]]
    still_open += [f"Task: {each.text} ({each.who or 'nobody yet'})" for each in now.doing[:_MOST]]
    following = [now.next] if now.next else []
    if now.next_update_at is not None:
        late = " (overdue)" if now.update_overdue else ""
        following.append(f"Next update due {time_stamp(now.next_update_at)}{late}")
    return Note("\n".join(knows), "\n".join(still_open), "\n".join(following))
