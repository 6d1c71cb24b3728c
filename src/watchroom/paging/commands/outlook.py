"""The engine looks weeks ahead, and warns those who own a policy of steps that will page nobody."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from ...kernel import clock
from ...kernel.db import claimable
from ..models import EscalationPolicy, PagingDefect
from ..outlook import warnings_of
from .defects import ACCEPTED_FOR, clear_defects, record_defect

LOOK_EVERY = timedelta(hours=1)


def look_ahead(most: int) -> int:
    """Look at up to ``most`` policies whose look is due, and write down what they lack. What was written down and is no
    longer so is resolved; what somebody has resolved as known stays quiet for four weeks."""
    now = clock.now()
    with transaction.atomic():
        due = EscalationPolicy.objects.filter(look_at__lte=now).order_by("look_at", "id")
        policies = list(claimable(due).select_related("team")[:most])
        if not policies:
            return 0
        EscalationPolicy.objects.filter(pk__in=[each.pk for each in policies]).update(look_at=now + LOOK_EVERY)
        found = warnings_of(
            EscalationPolicy.objects.filter(pk__in=[each.pk for each in policies]).prefetch_related("steps__targets"),
            now,
        )
        open_ones = {
            row.key: row
            for row in PagingDefect.objects.filter(
                policy__in=policies, kind=PagingDefect.Kind.AHEAD, resolved_at__isnull=True
            )
        }
        known = set(
            PagingDefect.objects.filter(
                policy__in=policies,
                kind=PagingDefect.Kind.AHEAD,
                resolved_by__isnull=False,
                resolved_at__gt=now - ACCEPTED_FOR,
            ).values_list("key", flat=True)
        )
        still = set()
        for policy in policies:
            for warning in found[policy.pk]:
                key = f"ahead:{policy.pk}:{warning.step}"
                still.add(key)
                before = open_ones.get(key)
                if key in known or (before is not None and before.text == warning.text[:500]):
                    continue
                record_defect(
                    PagingDefect.Kind.AHEAD,
                    key,
                    text=warning.text,
                    fix=warning.fix,
                    path=f"/policies/{policy.slug}",
                    team=policy.team,
                    policy=policy,
                    starts_at=warning.starts_at,
                    tell=True,
                )
        clear_defects(sorted(set(open_ones) - still), "It is mended.")
    return len(policies)
