"""Which runbook a page's message names, where the alert brings none. On the path of every page: one prepared question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Q, QuerySet

from ..intake.hooks import Asked
from ..intake.matchers import matcher
from ..kernel import settings as conf
from ..kernel.prepared import prepared
from . import rules
from .models import Runbook

Row = tuple[str, str, list[str], int | None]


@dataclass(frozen=True)
class _Known:
    """A runbook as it is compared. ``needs``: a label without whose value it never fits, where its matchers say one."""

    rank: int  # by name
    line: str
    accepts: tuple[Callable[[Mapping[str, str]], bool], ...]
    service: int | None
    needs: tuple[str, str] | None


def lines_for(groups: Sequence[Asked]) -> Mapping[int, str]:
    """The name and the address of the best fitting runbook for each of these, by the group's number."""
    rows = _candidates([0, *sorted({service for _, service, _ in groups if service})])
    if not rows:
        return {}
    # A thousand runbooks and a thousand groups are not compared each with each: what is for a service stands under it, what
    # needs a certain label under that.
    by_place: dict[object, list[_Known]] = {}
    for number, row in enumerate(rows):
        known = _known(number, row)
        by_place.setdefault(known.service if known.service is not None else known.needs, []).append(known)
    found = {}
    for pk, own, labels in groups:
        near = [each for place in {own, None, *labels.items()} for each in by_place.get(place, ())]
        best, line = 0, ""
        for each in sorted(near, key=lambda each: each.rank):
            rank, _ = rules.fit(for_service=each.service is not None, accepts=each.accepts, labels=[labels])
            if rank > best:
                best, line = rank, each.line
        if line:
            found[pk] = line
    return found


def _known(number: int, row: Row) -> _Known:
    slug, name, texts, service = row
    matchers = [_matcher(text) for text in texts]
    needs = next(((each.name, each.value) for each in matchers if each.op == "=" and each.value), None)
    line = f"{name}, {conf.current().url}/runbooks/{slug}"
    return _Known(number, line, tuple(each.accepts for each in matchers), service, needs)


_matcher = lru_cache(maxsize=8_192)(matcher)


@prepared
def _candidates(services: Collection[int]) -> QuerySet[Runbook, Row]:
    by_labels = Q(services__isnull=True) & ~Q(matchers=[])
    rows = Runbook.objects.filter(Q(services__in=services) | by_labels, version__gt=0)
    return rows.order_by("name", "id").values_list("slug", "name", "matchers", "services")
