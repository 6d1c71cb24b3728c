"""What is said in a room of a chat, in the times of that room."""

from __future__ import annotations

from dataclasses import replace

from ..kernel import clock
from ..workspaces.base import Card
from ..workspaces.models import Workspace
from .wording import on_clock_of


def by_its_clock(card: Card, workspace: Workspace) -> Card:
    """``card`` with its moments in the workspace's time zone."""
    zone, now = workspace.timezone, clock.now()
    title, text, state = (on_clock_of(each, zone, now) for each in (card.title, card.text, card.state))
    return replace(card, title=title, text=text, state=state)
