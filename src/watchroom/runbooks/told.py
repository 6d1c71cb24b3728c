"""Which runbook a page's message names, where the alert brings none. On the path of every page: one prepared question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Q, QuerySet

from ..intake.hooks import Asked
from ..intake.matchers import matcher
from ..kernel import settings as conf
from ..kernel.prepared import prepared
from . import rules
from .models import Runbook

Row = tuple[str, str, list[str], int | None]


def lines_for(groups: Sequence[Asked]) -> Mapping[int, str]:
    """The name and the address of the best fitting runbook for each of these, by the group's number."""
    rows = _candidates([0, *sorted({service for _, service, _ in groups if service})])
    if not rows:
        return {}
    parsed = [(slug, name, [matcher(text).accepts for text in texts], service) for slug, name, texts, service in rows]
    found = {}
    for pk, own, labels in groups:
        best, line = 0, ""
        for slug, name, accepts, service in parsed:
            if service is None or service == own:
                rank, _ = rules.fit(for_service=service is not None, accepts=accepts, labels=[labels])
                if rank > best:
                    best, line = rank, f"{name}, {conf.current().url}/runbooks/{slug}"
        if line:
            found[pk] = line
    return found


@prepared
def _candidates(services: Collection[int]) -> QuerySet[Runbook, Row]:
    rows = Runbook.objects.filter(Q(services__in=services) | Q(services__isnull=True), version__gt=0)
    return rows.order_by("name", "id").values_list("slug", "name", "matchers", "services")
