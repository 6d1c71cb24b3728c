"""What a package above lends to incidents: who is told of an update, and what shows incidents to strangers. Registered when
Django starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..accounts.changes import Change
from .guidance import Shown
from .models import Incident, Update

Tell = Callable[[Update, Sequence[str] | None], list[str]]
_tell: list[Tell] = []
Reveal = Callable[[Change, Incident], None]
_reveal: list[Reveal] = []


def updates_are_told_by(tell: Tell) -> None:
    """``tell(update, lists)`` has lists of stakeholders told, inside the caller's transaction: those named by slug, or
    (None) all that hear of its incident. Returns their names."""
    _tell[:] = [tell]


def tell(update: Update, lists: Sequence[str] | None) -> list[str]:
    """Have an update told."""
    return _tell[0](update, lists) if _tell else []


def shown_to_strangers_by(reveal: Reveal) -> None:
    """``reveal(made, incident)`` is called inside a change that makes an incident private, or no longer so: whatever shows
    it to strangers is made anew."""
    _reveal[:] = [reveal]


def privacy_changed(made: Change, incident: Incident) -> None:
    """Have what strangers see of an incident made anew."""
    for reveal in _reveal:
        reveal(made, incident)


OnPages = Callable[[Incident], tuple[tuple[str, ...], tuple[Shown, ...]]]
_on_pages: list[OnPages] = []


def pages_come_from(read: OnPages) -> None:
    """``read(incident)`` names the status pages that could say something of it, and what stood on them when."""
    _on_pages[:] = [read]


def pages_of(incident: Incident) -> tuple[tuple[str, ...], tuple[Shown, ...]]:
    """The status pages that could say something of an incident, and what stood on them when."""
    return _on_pages[0](incident) if _on_pages else ((), ())


@dataclass(frozen=True)
class Practice:
    """The drill to which an incident belongs. ``people``: the numbers of those who take part; ``rests``: it is paused."""

    people: frozenset[int]
    rests: bool = False


Practised = Callable[[Incident], Practice | None]
_practised: list[Practised] = []


def incidents_are_practised_in(find: Practised) -> None:
    """``find(incident)`` says which drill that is on an incident belongs to; None: to none."""
    _practised[:] = [find]


def practice_of(incident: Incident) -> Practice | None:
    """The drill that is on and to which ``incident`` belongs; None: it is none of one, or only marked as a drill."""
    return _practised[0](incident) if _practised and incident.drill else None
