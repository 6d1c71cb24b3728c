"""Which events somebody wants, when a delivery is tried again, and when enough is enough. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

_PAUSES = tuple(timedelta(seconds=each) for each in (10, 60, 300, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600))
MOST_TRIES = len(_PAUSES) + 1
_RESTS = tuple(timedelta(seconds=each) for each in (10, 30, 120, 600, 1800))
GIVEN_UP_AFTER = timedelta(days=3)


def wants(patterns: Iterable[str], type: str) -> bool:
    """Whether one of ``patterns`` takes an event of this type: its name, a beginning (``incident.*``) or ``*``."""
    return any(each == "*" or each == type or (each.endswith(".*") and type.startswith(each[:-1])) for each in patterns)


def is_pattern(text: str) -> bool:
    """Whether this can name events: ``*``, ``noun.*`` or ``noun.verb``, in small letters."""
    if text == "*":
        return True
    noun, dot, verb = text.partition(".")
    return bool(dot) and _word(noun) and (verb == "*" or _word(verb))


def _word(text: str) -> bool:
    return bool(text) and len(text) <= 40 and all(each.islower() or each == "_" for each in text) and text.isascii()


def concerns(
    team: int | None, event_team: int | None, *, private: bool, drill: bool, sees_private: bool, sees_drills: bool
) -> bool:
    """Whether a webhook of ``team`` (None: everybody's) may hear of an event, and wants to as far as drills go."""
    if team is not None and team != event_team:
        return False
    return (sees_private or not private) and (sees_drills or not drill)


def again_after(tries: int, asked: timedelta | None = None) -> timedelta | None:
    """The pause after ``tries`` failures; ``asked``: what the other side wants at least. None: enough is enough."""
    if tries > len(_PAUSES):
        return None
    pause = _PAUSES[max(tries, 1) - 1]
    return max(pause, asked) if asked else pause


def rest_after(failures: int) -> timedelta:
    """How long a webhook that failed this often in a row is left alone altogether: one that is down gets one knock now
    and then, not all that waits for it."""
    return _RESTS[min(max(failures, 1), len(_RESTS)) - 1]


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether it has failed for so long that it is switched off."""
    return failing_since is not None and now - failing_since >= GIVEN_UP_AFTER
