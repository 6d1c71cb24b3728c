"""What the commands share: who may run a drill, and its row, locked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotFound
from ...paging.commands import notify
from .. import queries, rules
from ..models import Drill


def needed(by: Actor, drill: Drill) -> Action:
    """What it takes to run a drill: to facilitate it, or to manage its team."""
    own = by.person is not None and drill.facilitator_id == by.person.pk
    return Action.DECLARE if own or by.is_system else Action.MANAGE


@contextmanager
def running(by: Actor, action: str, drill: Drill, *, needs: Action | None = None) -> Iterator[tuple[Change, Drill]]:
    """:func:`change` of a drill: checks who may, and locks its row, which comes before anything else that a drill touches."""
    with change(by, action, drill, needs=needs or needed(by, drill), team=drill.team) as made:
        rows = Drill.objects.select_related("team", "scenario__team", "facilitator", "incident__team")
        row = locked(rows, no_key=True).filter(pk=drill.pk).first()
        if row is None:
            raise NotFound(f"There is no drill {drill.pk}.", field="drill", value=drill.pk)
        if needs is None and not queries.runs(by, row):
            raise NotFound(f"There is no drill {drill.pk} that you run.", field="drill", value=drill.pk)
        made.subject = row
        touch(made, row)
        yield made, row


def touch(made: Change, drill: Drill) -> None:
    """Its pages, and the list."""
    made.touch(f"drill:{drill.pk}", "drills")


def must_be(drill: Drill, *states: str) -> None:
    """:raises Conflict: it is in none of these states."""
    if drill.state not in states:
        raise Conflict(
            f"This drill is {drill.get_state_display().lower()}.",
            field="state",
            value=drill.state,
            fix="Reload the page to see how it stands.",
        )


def tell(drill: Drill, people: Iterable[Person], subject: str, body: str, *, once: str, path: str = "") -> None:
    """Tell people of a drill, marked as one, by their ways for what is not urgent. Inside the caller's transaction."""
    for person in people:
        notify(
            person,
            purpose="reminder",
            subject=subject[:200],
            body=body,
            path=path or f"/drills/{drill.pk}",
            reason=f"drill:{drill.pk}:{once}",
            drill=True,
        )


def labels_of(inject: rules.Inject, words: Mapping[str, str]) -> dict[str, str]:
    """The labels of an alert, as they go through the routes."""
    labels = {name: rules.filled(value, words) for name, value in inject.labels.items()}
    labels.setdefault("alertname", rules.filled(inject.title, words))
    return labels
