"""How often strangers may do something."""

from __future__ import annotations

from datetime import timedelta

from ...kernel import clock, signing
from ...kernel.errors import TooOften
from ..models import Try

KEPT = timedelta(days=1)


def take(what: str, who: str, *, most: int, within: timedelta) -> Try:
    """Note that ``who`` (an address; only a hash of it is kept) does ``what``. It is noted before it is counted, so that
    many at once do not pass because none of them is there yet. Deleting what is returned makes it undone.

    :raises TooOften: they have done it ``most`` times ``within`` this time.
    """
    now, key = clock.now(), signing.fingerprint(f"{what}:{who}")
    row = Try.objects.create(what=what, who=key, at=now)
    if Try.objects.filter(what=what, who=key, at__gt=now - within).count() > most:
        row.delete()
        raise TooOften(
            "That was tried too often.", fix=f"Try again in {max(1, int(within.total_seconds() // 60))} minutes."
        )
    return row


def forget(most: int = 1000) -> int:
    """Delete what no limit asks for any more."""
    old = list(Try.objects.filter(at__lt=clock.now() - KEPT).values_list("pk", flat=True)[:most])
    return Try.objects.filter(pk__in=old).delete()[0]
