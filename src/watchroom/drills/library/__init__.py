"""Scenarios that come with Watchroom. Each is made one of a team's own, for its services, and then belongs to the team."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ...accounts.models import Team
from ...catalog.models import Service
from ...kernel.errors import NotFound
from . import human, systems
from .story import Story


@cache
def stories() -> tuple[Story, ...]:
    """All of them, the easier ones first."""
    return tuple(sorted((*systems.STORIES, *human.STORIES), key=lambda each: each.level))


def story_by(key: str) -> Story:
    """One of them. :raises NotFound: there is none."""
    found = next((each for each in stories() if each.key == key), None)
    if found is None:
        keys = ", ".join(each.key for each in stories())
        raise NotFound(f"The library has no scenario {key!r}.", field="library", value=key, fix=f"Use one of {keys}.")
    return found


def words(team: Team, services: Sequence[Service]) -> dict[str, str]:
    """What stands for the words in braces: the service that breaks, and the one beside it."""
    first = services[0] if services else None
    second = services[1] if len(services) > 1 else first
    return {
        "service": first.slug if first else team.slug,
        "service_name": first.name if first else str(team),
        "other": second.slug if second else team.slug,
        "other_name": second.name if second else str(team),
        "team": str(team),
    }


__all__ = ["Story", "stories", "story_by", "words"]
