"""Who belongs in a user group of a chat, and who can't be put in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_ID = re.compile(r"S[A-Z0-9]{5,20}")
_HANDLE = re.compile(r"[^\s@#,<>]{1,80}")


@dataclass(frozen=True)
class Account:
    """A user of the chat that somebody says they are; ``confirmed``: and has proven it."""

    user: str
    confirmed: bool


@dataclass(frozen=True)
class Membership:
    """``users``: who belongs in it, by the chat's own ids, with the people's numbers. ``left_out``: who is on call and can't be
    put in it, and why."""

    users: dict[str, int]
    left_out: list[tuple[int, str]]


def membership(on_call: Iterable[int], accounts: Mapping[int, Sequence[Account]], chat: str) -> Membership:
    """Everybody who is on call, by every account that they have confirmed in this chat."""
    found = Membership({}, [])
    for person in dict.fromkeys(on_call):
        own = accounts.get(person, ())
        confirmed = [each.user for each in own if each.confirmed]
        for user in confirmed:
            found.users.setdefault(user, person)
        if not own:
            found.left_out.append((person, f"has not added {chat} under How you are reached"))
        elif not confirmed:
            found.left_out.append((person, f"has not confirmed their account in {chat}"))
    return found


def group_name(text: str) -> str | None:
    """How a user group is kept: its handle in lower case without @, or its id. None: it can be neither."""
    name = text.strip().removeprefix("@")
    if not _HANDLE.fullmatch(name) or not name.isprintable():
        return None
    return name if _ID.fullmatch(name) else name.lower()
