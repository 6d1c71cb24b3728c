"""Which service the alerts of a batch are about: each is looked up once, and those that labels name together."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from ...catalog.models import Service
from ...kernel.prepared import prepared
from ..rules import Outcome

_KEYS_PER_QUERY = 1_000


@prepared
def _services_named(slugs: Collection[str]) -> QuerySet[Service]:
    return Service.objects.filter(slug__in=slugs).select_related("team").order_by()


@prepared
def _services(numbers: Collection[int]) -> QuerySet[Service]:
    return Service.objects.filter(pk__in=numbers).select_related("team").order_by()


class Services:
    """The services of one batch. ``labels``: the names of the labels by which its routes let a service be named."""

    def __init__(self, labels: frozenset[str]) -> None:
        self._labels = labels
        self._known: dict[int, Service] = {}
        self._by_slug: dict[str, int] = {}
        self._wanted: set[str] = set()  # that are named, and not yet looked up

    def expect(self, labels: dict[str, str]) -> None:
        """An alert with these labels is coming."""
        if self._labels:
            self._wanted |= {labels[name].lower() for name in self._labels if labels.get(name)}

    def named(self, outcome: Outcome, labels: dict[str, str]) -> int | None:
        """The service that a label names, where the route says which label does and there is such a service."""
        slug = labels.get(outcome.service_label, "") if outcome.service_label else ""
        if not slug:
            return None
        if self._wanted:
            slugs, self._wanted = sorted(self._wanted), set()
            for at in range(0, len(slugs), _KEYS_PER_QUERY):
                for row in _services_named(slugs[at : at + _KEYS_PER_QUERY]):
                    self._by_slug[row.slug], self._known[row.pk] = row.pk, row
        return self._by_slug.get(slug.lower())

    def load(self, numbers: set[int]) -> None:
        """Look up those of these that are not known."""
        self._known |= {row.pk: row for row in _services(numbers - self._known.keys())}

    def get(self, number: int | None) -> Service | None:
        return self._known[number] if number is not None else None
