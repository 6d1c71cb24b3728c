"""Three make what is wanted: what a file says, what the file before it said, and what is there.

A field that a file says is as it says. One that the file before said, and this one says no more, goes back to its default: taking
a line out undoes it. One that no file has ever said is left alone, because somebody may have set it by page.
"""

from __future__ import annotations

from typing import Any

from ..incidents.rules.severities import DEFAULTS
from .difference import State
from .models import Said
from .schema import defaults

# What nothing takes the place of: a person's own order, and settings that may hold what no file says.
_STAYS = {("people", "notification_rules"), ("integrations", "settings")}


def take_back(wanted: State) -> State:
    """``wanted`` with the defaults of what the file before said and this one does not."""
    whole = {kind: dict(things) for kind, things in wanted.items()}
    for row in Said.objects.filter(kind__in=wanted):
        said = wanted[row.kind].get(row.key)
        if said is None:
            continue
        there = _defaults(row.kind, said)
        gone = {
            name: there[name]
            for name in row.fields
            if name not in said and name in there and (row.kind, name) not in _STAYS
        }
        whole[row.kind][row.key] = {**said, **gone}
    return whole


def remember(said: State, there: State) -> None:
    """What a file has said of things that are ``there`` now. Of what is not, nothing is known any more."""
    before = {(row.kind, row.key): row for row in Said.objects.filter(kind__in=said)}
    now = {
        (kind, key): sorted(fields)
        for kind, things in said.items()
        for key, fields in things.items()
        if key in there.get(kind, {})
    }
    Said.objects.bulk_create(
        [
            Said(kind=kind, key=key, fields=fields)
            for (kind, key), fields in now.items()
            if (kind, key) not in before or before[kind, key].fields != fields
        ],
        update_conflicts=True,
        unique_fields=["kind", "key"],
        update_fields=["fields"],
    )
    lost = [row.pk for (kind, key), row in before.items() if key not in there.get(kind, {})]
    Said.objects.filter(pk__in=lost).delete()


def _defaults(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    if kind != "severities":
        return defaults(kind)
    shipped = DEFAULTS[said["level"]]
    return {name: getattr(shipped, name) for name in defaults(kind)} | {"roles": list(shipped.roles)}
