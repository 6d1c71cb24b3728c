"""How somebody is reached, in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from ..models import ContactMethod


class ContactMethodBody(Schema):
    """A way to reach oneself; ``settings`` are what its channel asks for."""

    channel: str
    label: str = ""
    settings: dict[str, Any] = {}


class LimitBody(Schema):
    """At most ``limit_count`` messages in ``limit_seconds``; the first word about a problem never waits for it.
    ``collect_seconds``: in a storm, how long a further problem may wait so that several come as one; 0: not at all."""

    limit_count: int | None = None
    limit_seconds: int | None = None
    collect_seconds: int = 0


class PushKeyOut(Schema):
    """What a browser gives its push service to subscribe."""

    key: str


class QuietHoursBody(Schema):
    """Times such as 22:00 and 07:00, or nulls."""

    starts: str | None = None
    ends: str | None = None


class ContactMethodOut(Schema):
    """A way to reach somebody, without its secrets."""

    id: int
    channel: str
    label: str
    description: str
    enabled: bool
    trouble: str
    taken_back: str
    verified_at: datetime | None
    limit_count: int | None
    limit_seconds: int | None
    collect_seconds: int

    @classmethod
    def of(cls, row: ContactMethod) -> ContactMethodOut:
        return cls(
            id=row.pk,
            channel=row.channel,
            label=row.label,
            description=row.description,
            enabled=row.enabled,
            trouble=row.trouble,
            taken_back=row.taken_back,
            verified_at=row.verified_at,
            limit_count=row.limit_count,
            limit_seconds=row.limit_seconds,
            collect_seconds=row.collect_seconds,
        )


class CodeBody(Schema):
    """The code that came by a contact method."""

    code: str


class RuleBody(Schema):
    """Use this method, this long after the page."""

    contact_method: int
    wait_seconds: int = 0


class RulesBody(Schema):
    """The rules of both urgencies."""

    high: list[RuleBody] = []
    low: list[RuleBody] = []


class PlannedWay(Schema):
    """Every way of a channel; where somebody has several of it, perhaps only the one with this label."""

    channel: str = Field(max_length=32)
    label: str = Field("", max_length=100)
    wait_seconds: int = 0


class NotificationPlanBody(Schema):
    """In what order somebody is to be reached, by kinds of ways, also those that they have not added yet."""

    high: list[PlannedWay] = Field([], max_length=50)
    low: list[PlannedWay] = Field([], max_length=50)


class NotificationPlanOut(NotificationPlanBody):
    """The same, with what they have not added yet."""

    missing: list[PlannedWay]
