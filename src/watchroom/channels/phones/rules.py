"""When a provider is left alone for a while, and in which order accounts are asked. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES = 3  # so much trouble in a row, and it rests
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)


@dataclass(frozen=True)
class Health:
    """How an account is doing. ``trouble`` counts failures since its last success; it rests until ``rests_until``."""

    trouble: int = 0
    rests: int = 0
    rests_until: datetime | None = None

    def is_resting(self, at: datetime) -> bool:
        """Whether it is asked only when nobody else takes the message."""
        return self.rests_until is not None and self.rests_until > at


def weight(answered: int, permanent: bool) -> int:
    """How much a failure says about the provider. Wrong credentials or no money (401 to 403), and no answer at all, are
    enough by themselves: every message would fail or wait like this one. Another refusal is about the message."""
    if answered in (401, 402, 403) or (answered == 0 and not permanent):
        return FAILURES
    return 0 if permanent else 1


def after_failure(health: Health, at: datetime, *, answered: int, permanent: bool, wait: timedelta | None) -> Health:
    """A rest begins with the third failure in a row and doubles each time that the next one follows it. When it is
    over, one message tries: success closes the circuit, failure opens it again."""
    trouble = health.trouble + weight(answered, permanent)
    if trouble < FAILURES or trouble == health.trouble:
        return replace(health, trouble=trouble)
    rest = min(FIRST_REST * 2 ** min(health.rests, 10), LONGEST_REST)
    return Health(trouble, health.rests + 1, at + max(rest, min(wait or rest, LONGEST_REST)))


def order(accounts: Iterable[tuple[str, Health]], at: datetime) -> list[str]:
    """The accounts as they are to be asked: in the operator's order, those that rest last, the soonest back first."""
    found = list(accounts)
    awake = [key for key, health in found if not health.is_resting(at)]
    resting = sorted(
        (health.rests_until or at, place) for place, (_, health) in enumerate(found) if health.is_resting(at)
    )
    return awake + [found[place][0] for _, place in resting]
