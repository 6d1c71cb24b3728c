"""What files have said, each source for itself: so one can take back what it says no more, and nothing that is another's.

Nothing is taken back unless the file is applied with ``prune``. Then a field that the same source said before, and says no more, goes
back to its default, and a thing that it says no more goes. What another source says too stays. What no file has ever said is left
alone, because somebody may have set it by page. All files without a name (``source``) are one source; what they have said becomes that of
a named one that says it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..incidents.rules.severities import DEFAULTS
from .difference import State
from .models import Said
from .schema import Document, defaults, state_of

Thing = tuple[str, str]  # kind and key

# What nothing takes the place of: a person's own order, and settings that may hold what no file says.
_STAYS = {("people", "notification_rules"), ("integrations", "settings")}


@dataclass(frozen=True)
class Past:
    """What has been said of the kinds that a document has: by its own source, and by the others."""

    said: State
    source: str
    own: dict[Thing, set[str]]
    others: dict[Thing, set[str]]

    @classmethod
    def of(cls, document: Document) -> Past:
        """As it stands before ``document`` is applied."""
        said, own, others = state_of(document), {}, defaultdict[Thing, set[str]](set)
        for row in Said.objects.filter(kind__in=said):
            if row.source == document.source:
                own[row.kind, row.key] = set(row.fields)
            else:
                others[row.kind, row.key] |= set(row.fields)
        return cls(said, document.source, own, others)

    def taken_back(self) -> State:
        """The defaults of what the source says no more of things that it still names."""
        found: State = {}
        for (kind, key), fields in self.own.items():
            if (now := self.said[kind].get(key)) is None:
                continue
            there = _defaults(kind, now)
            gone = [
                name
                for name in sorted(fields - now.keys() - self.others.get((kind, key), set()))
                if name in there and (kind, name) not in _STAYS
            ]
            if gone:
                found.setdefault(kind, {})[key] = {name: there[name] for name in gone}
        return found

    def may_go(self, kind: str, key: str) -> bool:
        """Whether a thing that the document does not name is its source's to delete: with a name, what it said itself; without
        one, whatever is no other's."""
        return (kind, key) not in self.others and (not self.source or (kind, key) in self.own)

    def left(self, current: State) -> list[str]:
        """What the source said before and says no more, and what is there still, in words."""
        lines = []
        for kind, things in self.taken_back().items():
            for key, fields in things.items():
                there = current.get(kind, {}).get(key)
                if there and (names := [name for name, value in fields.items() if there.get(name) != value]):
                    lines.append(f"{kind} {key}: {', '.join(names)}")
        gone = [(kind, key) for kind, key in self.own if key not in self.said[kind] and self.may_go(kind, key)]
        return lines + [f"{kind} {key}" for kind, key in gone if key in current.get(kind, {})]

    def remember(self, there: State, *, prune: bool) -> None:
        """Now that it is applied: what its source says of things that are ``there``, with what it could still take back. Of what
        is there no more nothing is known."""
        now = {
            (kind, key): set(fields) | (set() if prune else self.own.get((kind, key), set()))
            for kind, things in self.said.items()
            for key, fields in things.items()
            if key in there.get(kind, {})
        }
        _write(self.source, {thing: fields for thing, fields in now.items() if self.own.get(thing) != fields})
        before = list(Said.objects.filter(kind__in=self.said))
        lost = [row.pk for row in before if row.key not in there.get(row.kind, {})]
        if prune:
            lost += [row.pk for row in before if row.source == self.source and (row.kind, row.key) not in now]
        for row in before:  # a file that was given a name takes along what it said without one
            if self.source and not row.source and (fields := now.get((row.kind, row.key))):
                if left := set(row.fields) - fields:
                    _write("", {(row.kind, row.key): left})
                else:
                    lost.append(row.pk)
        Said.objects.filter(pk__in=lost).delete()


def with_defaults(wanted: State, taken_back: State) -> State:
    """``wanted``, and with it the defaults of what is taken back."""
    return {
        kind: {key: {**fields, **taken_back.get(kind, {}).get(key, {})} for key, fields in things.items()}
        for kind, things in wanted.items()
    }


def _write(source: str, those: dict[Thing, Iterable[str]]) -> None:
    Said.objects.bulk_create(
        [Said(source=source, kind=kind, key=key, fields=sorted(fields)) for (kind, key), fields in those.items()],
        update_conflicts=True,
        unique_fields=["source", "kind", "key"],
        update_fields=["fields"],
    )


def _defaults(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    if kind != "severities":
        return defaults(kind)
    shipped = DEFAULTS[said["level"]]
    return {name: getattr(shipped, name) for name in defaults(kind)} | {"roles": list(shipped.roles)}
