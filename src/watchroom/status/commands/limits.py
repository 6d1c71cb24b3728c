"""How often strangers may do something."""

from __future__ import annotations

from datetime import timedelta

from ...kernel import clock, signing
from ...kernel.errors import WatchroomError
from ..models import Try

KEPT = timedelta(days=1)


class TooOften(WatchroomError):
    """That was tried too often."""

    status = 429
    title = "Too often"
    code = "too_often"


def take(what: str, who: str, *, most: int, within: timedelta) -> None:
    """Note that ``who`` (an address; only a hash of it is kept) does ``what``.

    :raises TooOften: they have done it ``most`` times ``within`` this time.
    """
    must_be_left(what, who, most=most, within=within)
    note(what, who)


def must_be_left(what: str, who: str, *, most: int, within: timedelta) -> None:
    """:raises TooOften: see :func:`take`."""
    since = clock.now() - within
    if Try.objects.filter(what=what, who=_key(what, who), at__gt=since).count() >= most:
        raise TooOften(
            "That was tried too often.", fix=f"Try again in {max(1, int(within.total_seconds() // 60))} minutes."
        )


def note(what: str, who: str) -> None:
    """Count one."""
    Try.objects.create(what=what, who=_key(what, who), at=clock.now())


def _key(what: str, who: str) -> str:
    return signing.fingerprint(f"{what}:{who}")


def forget(most: int = 1000) -> int:
    """Delete what no limit asks for any more."""
    old = list(Try.objects.filter(at__lt=clock.now() - KEPT).values_list("pk", flat=True)[:most])
    return Try.objects.filter(pk__in=old).delete()[0]
