"""Why a team can't be deleted: what it owns, and its history. Asked of whatever names a team and protects it, so that no package
above has to be known here."""

from __future__ import annotations

from typing import Any

from django.db.models import PROTECT, ForeignObjectRel, QuerySet

from .models import Team

# What is never deleted by hand, by its model, and in words. What is about the others is told only where it stands alone.
_PAGE = "paging.escalation"
_HISTORY = {"intake.alertgroup": "alert group", "incidents.incident": "incident", _PAGE: "page"}
NAMED = 5
CLOSE_IT = (
    "Close it instead: give what it owns to another team, take everybody out of it, and write “(closed)” into its name."
    " Then it pages nobody, and what happened keeps its owner."
)


def _protected_by(team: Team, *, history: bool) -> list[tuple[str, QuerySet[Any]]]:
    """What protects a team, by kind: its model, and the rows."""
    return [
        (found.related_model._meta.label_lower, found.related_model._base_manager.filter(**{found.field.name: team}))
        for found in Team._meta.get_fields(
            include_hidden=True
        )  # also what a team does not know by name (related_name="+")
        if found.auto_created
        and isinstance(found, ForeignObjectRel)
        and getattr(found, "on_delete", None) is PROTECT
        and (found.related_model._meta.label_lower in _HISTORY) is history
    ]


def history_of(team: Team) -> str:
    """Its history in words; empty: it has none. A question for each kind, however long it is."""
    counts = {label: count for label, rows in _protected_by(team, history=True) if (count := rows.count())}
    if len(counts) > 1:
        counts.pop(_PAGE, None)
    return " and ".join(f"{count} {_HISTORY[label]}{'s' if count > 1 else ''}" for label, count in counts.items())


def owned_by(team: Team) -> tuple[list[str], int]:
    """What it owns: some of it by name, and how much there is."""
    named: list[str] = []
    count = 0
    for _, rows in _protected_by(team, history=False):
        some = list(rows[:NAMED])
        named += [f"{each._meta.verbose_name} {each}" for each in some]
        count += rows.count() if len(some) == NAMED else len(some)
    return sorted(named)[:NAMED], count
