"""Would a page at three in the morning reach somebody? Asked by the pages of a person, before it is three."""

from __future__ import annotations

from collections.abc import Sequence

from ..accounts.models import Person
from ..channels.base import missing_for, wakes
from ..kernel.plugins import all_of
from .models import ContactMethod
from .people import Roster
from .rules import messages_for


def at_night(person: Person, roster: Roster) -> list[tuple[ContactMethod, int]]:
    """By what an urgent page reaches somebody, and after how many seconds each, as the engine does it."""
    own = ContactMethod.objects.in_bulk([method.pk for method in roster.methods(person.pk)])
    rules = messages_for(roster.rules(person.pk, "high"), list(own))
    return [(own[rule.method], rule.wait_seconds) for rule in rules if rule.method in own]


def trouble_at_night(ways: Sequence[tuple[ContactMethod, int]]) -> str:
    """Why none of these would wake anybody, as a sentence; empty when one may."""
    if not ways:
        return "Nothing would reach you."
    channels = all_of("watchroom.channels")
    told = [channels[method.channel] for method, _ in ways if method.channel in channels]
    working = [channel for channel in told if not missing_for(channel)]
    if any(wakes(channel) for channel in working):
        return ""
    if not working:
        return missing_for(told[0]) if told else "Nothing would reach you."
    return (
        "You would sleep through a page: it comes only by "
        + " and ".join(dict.fromkeys(each.label for each in working))
        + "."
    )
