"""What every kind of thing that a file may say has to know of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from ...accounts.actors import Actor
from ...kernel.errors import Refused
from ..difference import State

Fields = dict[str, Any]
Find = Callable[[str, str | None], Any]  # the thing of a kind with this key; None of none


@dataclass(frozen=True)
class Kind:
    """How things of one kind are read, found, saved and deleted, through their package's own commands.

    ``save`` returns a key or secret that can't be shown again, if there is one. ``complete`` brings what a file says into the
    form in which it is read back, so that what is the same is no change. ``link`` does what can be done only once everything
    that the file says is there; it is also told what was ``there`` before.
    """

    name: str
    read: Callable[[], dict[str, Fields]]
    find: Callable[[str], Any]
    save: Callable[[Actor, Any, Fields, Find], Any]
    delete: Callable[[Actor, Any], Any]
    complete: Callable[[State, State], None] | None = None
    link: Callable[[Actor, Any, Fields, Fields, Find], None] | None = None


def by_column(model: type[Model], column: str = "slug") -> Callable[[str], Any]:
    """Finds the row with this key in that column."""
    return lambda key: model._default_manager.filter(**{column: key}).first()


def with_team(save: Callable[..., Any], **more: Any) -> Callable[[Actor, Any, Fields, Find], Any]:
    """Saves with the command ``save`` what names nothing but its team."""

    def saved(by: Actor, row: Any, fields: Fields, find: Find) -> Any:
        return save(by, row, **{**fields, "team": find("teams", fields["team"])}, **more)

    return saved


def slug_of(thing: Any) -> str | None:
    """How a file names this thing, or none."""
    return thing.slug if thing is not None else None


def no_secret(settings: Fields, hidden: set[str], of: str) -> None:
    """:raises Refused: a file says one of the ``hidden`` settings of an integration or a check."""
    for name in hidden & set(settings):
        raise Refused(
            "A secret does not belong into a file.",
            field=f"settings.{name}",
            value="(secret)",
            fix=f"Set it on the {of}'s page.",
        )


def settings_kept(wanted: State, current: State, kind: str, of: str) -> None:
    """Settings that a file leaves out stay as they are, unless it says another plugin (its field ``of``)."""
    for key, said in wanted.get(kind, {}).items():
        there = current.get(kind, {}).get(key, {})
        if said.get("settings") is not None and there and said.get(of, there.get(of)) == there.get(of):
            said["settings"] = {**(there.get("settings") or {}), **said["settings"]}
