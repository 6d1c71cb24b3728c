"""The five severities: what each is called and means, and what follows from it. The order is fixed, the rest is said by
the installation; this is what it says where nobody has said anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ...kernel.errors import Refused

LEVELS = (1, 2, 3, 4, 5)
MOST_MINUTES = 30 * 24 * 60
_LEAD = ("commander", "communications")


@dataclass(frozen=True)
class Severity:
    """One severity. ``name`` is a word of the installation's own beside SEV1 (empty: none); ``roles`` are those that
    somebody has to have. ``customers``: they notice it; ``urgent``: people are woken for it."""

    level: int
    definition: str
    update_minutes: int
    roles: tuple[str, ...]
    name: str = ""
    customers: bool = False
    urgent: bool = False

    @property
    def code(self) -> str:
        return f"SEV{self.level}"

    @property
    def title(self) -> str:
        """``SEV1 Critical``."""
        return f"{self.code} {self.name}".strip()

    @property
    def meaning(self) -> str:
        """``SEV1 Critical: Customers can't …``."""
        return f"{self.title}: {self.definition}"

    @property
    def update_every(self) -> timedelta:
        return timedelta(minutes=self.update_minutes)

    @property
    def every(self) -> str:
        """How often an update is due, in words: "30 minutes", "4 hours", "1 day"."""
        for minutes, word in ((1440, "day"), (60, "hour"), (1, "minute")):
            if self.update_minutes % minutes == 0:
                count = self.update_minutes // minutes
                return f"{count} {word}{'' if count == 1 else 's'}"
        raise AssertionError("every number of minutes is a multiple of one")


DEFAULTS = {
    each.level: each
    for each in (
        Severity(
            1,
            "Customers can't do what they came for, or data is at risk. Everyone who can help is called.",
            30,
            _LEAD,
            customers=True,
            urgent=True,
        ),
        Severity(2, "A main feature fails or is very slow for many customers.", 60, _LEAD, customers=True, urgent=True),
        Severity(3, "Something fails for a few, or there is a workaround.", 240, _LEAD),
        Severity(4, "Colleagues notice; customers don't.", 1440, _LEAD),
        Severity(5, "Worth a record; no hurry.", 3 * 1440, _LEAD),
    )
}


def changed(
    before: Severity,
    *,
    known_roles: tuple[str, ...],
    name: str | None = None,
    definition: str | None = None,
    update_minutes: int | None = None,
    roles: list[str] | tuple[str, ...] | None = None,
    customers: bool | None = None,
    urgent: bool | None = None,
) -> Severity:
    """``before`` with what is said (None stays). Roles come out in the order of ``known_roles``.

    :raises Refused: nothing is defined, or there is no such role.
    """
    name = before.name if name is None else " ".join(name.split())
    definition = before.definition if definition is None else " ".join(definition.split())
    minutes = before.update_minutes if update_minutes is None else update_minutes
    if not definition or len(definition) > 300:
        raise Refused(
            "A severity needs a definition that helps to choose it.",
            field="definition",
            value=definition[:40],
            fix="Write 1 to 300 characters, such as “More than 1 % of users can't pay”.",
        )
    if not 1 <= minutes <= MOST_MINUTES:
        raise Refused(
            "An update is due every minute at most, and every 30 days at least.",
            field="update_minutes",
            value=minutes,
            fix=f"Use 1 to {MOST_MINUTES} minutes.",
        )
    wanted = before.roles if roles is None else tuple(roles)
    wrong = next((each for each in wanted if each not in known_roles), None)
    if wrong is not None:
        raise Refused("That is not a role.", field="roles", value=wrong, fix=f"Use {', '.join(known_roles)}.")
    return replace(
        before,
        name=name,
        definition=definition,
        update_minutes=minutes,
        roles=tuple(each for each in known_roles if each in wanted),
        customers=before.customers if customers is None else customers,
        urgent=before.urgent if urgent is None else urgent,
    )
