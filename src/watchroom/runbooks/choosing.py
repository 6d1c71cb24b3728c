"""What the forms of runbooks, policies and role rotations offer as somebody types: there may be thousands of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..evidence.models import Indicator
from ..kernel.found import MOST, fitting, shared
from ..kernel.numbers import wholes
from ..mitigations.models import Mitigation
from ..oncall.models import Schedule
from ..paging.models import EscalationPolicy
from .models import Runbook
from .queries import steps_in_all

Offered = tuple[str, str]  # as the form sends it, and in words


@dataclass(frozen=True)
class Offers:
    """``among(typed, keys)`` yields what fits the words that are typed, or what is meant by these keys; both None: all."""

    among: Callable[[str | None, set[str] | None], Iterable[Offered]]

    def found(self, typed: str) -> list[Offered]:
        """What fits, thirty at most."""
        return list(islice(self.among(typed, None), MOST))

    def chosen(self, keys: Iterable[str], *, whole: bool = False) -> list[Offered]:
        """These in words, also those that are gone; ``whole``: and all others."""
        wanted = {each for each in keys if each}
        offered = dict(self.among(None, None if whole else wanted)) if wanted or whole else {}
        return [*offered.items(), *((each, f"{each} (gone)") for each in sorted(wanted - offered.keys()))]


def _mitigations(typed: str | None, keys: set[str] | None) -> Iterator[Offered]:
    rows = Mitigation.objects.select_related("service").order_by("name", "id")
    rows = rows.filter(slug__in=keys) if keys is not None else rows
    rows = fitting(rows, typed, "name", "slug", "service__name")[:MOST] if typed is not None else rows
    for row in rows:
        about = [*([str(row.service)] if row.service else []), f"{row.get_risk_display().lower()} risk"]
        yield row.slug, f"{row.name} ({', '.join(about)})"


def _indicators(typed: str | None, keys: set[str] | None) -> Iterator[Offered]:
    rows = Indicator.objects.select_related("service").order_by("service__name", "position", "id")
    if keys is not None:
        rows = rows.filter(service__slug__in={each.partition("/")[0] for each in keys})
    rows = fitting(rows, typed, "name", "service__name", "service__slug")[:MOST] if typed is not None else rows
    for row in rows:
        if keys is None or f"{row.service.slug}/{row.name}" in keys:
            yield f"{row.service.slug}/{row.name}", f"{row.service}: {row.name}"


_ONCALL = ("schedule", "On call in {}", Schedule, "slug")


def _of_kinds(*kinds: tuple[str, str, Any, str]) -> Offers:
    """``kind:key`` of rows of these kinds: how each is written, in words, of what, and known by what."""

    def among(typed: str | None, keys: set[str] | None) -> list[Offered]:
        lists = [_of_kind(typed, keys, *each) for each in kinds]
        return shared(lists) if typed is not None else [each for one in lists for each in one]

    return Offers(among)


def _of_kind(typed: str | None, keys: set[str] | None, kind: str, form: str, model: Any, key: str) -> Sequence[Offered]:
    rows: Any = model.objects.filter(is_active=True) if model is Person else model.objects.all()
    rows = rows.order_by("name", "pk")
    if keys is not None:
        named = {each.partition(":")[2] for each in keys if each.partition(":")[0] == kind}
        wanted = named if key != "pk" else set(wholes(named))
        rows = rows.filter(**{f"{key}__in": wanted}) if wanted else ()
    if typed is not None:
        said = form.format("").lower()
        words = " ".join(word for word in typed.split() if word.lower() not in said)
        rows = fitting(rows, words, "name", "email" if model is Person else key)[:MOST]
    return [(f"{kind}:{getattr(row, key)}", form.format(row)) for row in rows]


def _proposable(typed: str | None, keys: set[str] | None) -> Iterator[Offered]:
    rows = Runbook.objects.filter(version__gt=0).order_by("name", "id")
    rows = rows.filter(slug__in={each.partition("/")[0] for each in keys}) if keys is not None else rows
    found = list(fitting(rows, typed, "name", "slug")[:MOST] if typed is not None else rows)
    steps = steps_in_all(found)
    for row in found:
        if steps[row.pk]:
            offered = [(row.slug, f"{row}, from its first step")]
            offered += [
                (f"{row.slug}/{step.key}", f"{row}, and start “{step.title}”")
                for step in steps[row.pk]
                if step.mitigation
            ]
            yield from (each for each in offered if keys is None or each[0] in keys)


MITIGATIONS = Offers(_mitigations)
INDICATORS = Offers(_indicators)
CALLED = _of_kinds(
    ("team", "Everybody in {}", Team, "slug"),
    _ONCALL,
    ("policy", "By the policy {}", EscalationPolicy, "slug"),
    ("person", "{}", Person, "email"),
)
ROLE_SCOPES = _of_kinds(("team", "of {}", Team, "slug"), ("service", "about {}", Service, "slug"))
FOLLOWERS = _of_kinds(("team", "Everybody in {}", Team, "slug"), ("person", "{}", Person, "pk"))
ROLE_HOLDERS = _of_kinds(_ONCALL, ("person", "{}", Person, "pk"))
PROPOSABLE = Offers(_proposable)
