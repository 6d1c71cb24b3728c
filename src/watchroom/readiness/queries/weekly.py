"""What the weekly mail to a team's managers says of readiness."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from ...accounts.models import Team
from ...kernel import clock
from ..models import Lack
from ..rules.checks import Level

SHOWN = 5


def news(team: Team, since: datetime) -> list[str]:
    """What has come to be lacking since then, or has come back, and hurts or should be mended; the worst first. Empty: nothing."""
    today = clock.now().date()
    rows = Lack.objects.filter(
        Q(first_at__gt=since) | Q(put_off_until__gt=since.date(), put_off_until__lte=today),
        team=team,
        gone_at__isnull=True,
        level__lte=Level.MEND,
    ).exclude(put_off_until__gt=today)
    texts = [f"- {row.text}" for row in rows.order_by("level", "rank", "pk")]
    if not texts:
        return []
    more = [f"{len(texts) - SHOWN} more stand under Readiness."] if len(texts) > SHOWN else []
    return ["New in what the team still lacks:", *texts[:SHOWN], *more]
