"""Where people meet."""

from __future__ import annotations

from collections.abc import Callable

from ...incidents.commands import acting_in, must_be_open
from ...kernel.errors import Conflict
from ...venues.commands import begin
from ...venues.queries import plan_for
from .deed import Action, Deed, Doing


def _venue(kind: str) -> Callable[[Doing, Action], str]:
    def done(doing: Doing, action: Action) -> str:
        plan = plan_for(doing.incident, kind, by_itself=False)
        if plan is None:
            raise Conflict("Nobody has said where people meet.", field="do", value=kind, fix="See /venues.")
        with acting_in(doing.by, "venue.asked_for", doing.incident) as (made, row):
            must_be_open(row, "nobody needs to meet for it")
            begin(made, row, kind, plan)
            made.note(kind=kind)
        return "had a channel made" if kind == "chat" else "had a call opened"

    return done


CHANNEL = Deed("Make a channel", {}, lambda _: None, lambda _: "have a channel made", _venue("chat"))

CALL = Deed("Open a call", {}, lambda _: None, lambda _: "have a call opened", _venue("call"))
