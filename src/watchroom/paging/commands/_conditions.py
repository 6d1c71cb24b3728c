"""A step's conditions as somebody wrote them, checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from ...kernel.errors import Refused
from ..conditions import DAYS, WORKDAYS, Conditions, Hours
from ..models import Urgency

_FIELDS = ("urgency", "severities", "hours", "labels", "alerts", "minutes")


def _refuse(text: str, field: str, value: Any, fix: str) -> Refused:
    return Refused(text, field=field, value=value, fix=fix)


def checked_conditions(given: Mapping[str, Any], where: str) -> Conditions:
    """Conditions from ``{"urgency", "severities", "hours", "labels", "alerts", "minutes"}``; what is empty is not set.

    :raises Refused: names the field.
    """
    for name in given:
        if name not in _FIELDS:
            raise _refuse("There is no such condition.", f"{where}.{name}", given[name], f"Use {', '.join(_FIELDS)}.")
    urgency = given.get("urgency") or ""
    if urgency and urgency not in Urgency.values:
        raise _refuse("There is no such urgency.", f"{where}.urgency", urgency, "Use high or low.")
    severities = tuple(str(each).strip() for each in given.get("severities") or () if str(each).strip())
    labels = given.get("labels") or {}
    if not isinstance(labels, Mapping):
        raise _refuse("Labels are names with values.", f"{where}.labels", labels, 'Write {"env": "prod"}.')
    alerts, minutes = (_number(given.get(name), f"{where}.{name}") for name in ("alerts", "minutes"))
    if bool(alerts) != bool(minutes):
        missing = "minutes" if alerts else "alerts"
        raise _refuse(
            "A number of alerts needs a number of minutes.", f"{where}.{missing}", 0, "Give both, or neither."
        )
    if minutes > 1440 or alerts > 200:
        raise _refuse(
            "That is too many.", f"{where}.alerts", alerts, "Use up to 200 alerts in up to 1440 minutes (a day)."
        )
    return Conditions(
        urgency=urgency,
        severities=severities,
        hours=_hours(given["hours"], f"{where}.hours") if given.get("hours") else None,
        labels=tuple(sorted((str(name), str(value)) for name, value in labels.items())),
        alerts=alerts,
        minutes=minutes,
    )


def _number(value: Any, where: str) -> int:
    try:
        number = int(value or 0)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise _refuse("That is not a number.", where, value, "Use a whole number.")
    return number


def _hours(given: Any, where: str) -> Hours:
    if not isinstance(given, Mapping):
        raise _refuse(
            "Hours are an object.", where, given, 'Write {"zone": "Europe/Berlin", "start": "09:00", "end": "17:00"}.'
        )
    zone = str(given.get("zone") or "UTC")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise _refuse(
            "There is no such time zone.", f"{where}.zone", zone, "Use a name such as Europe/Berlin."
        ) from None
    times = []
    for name in ("start", "end"):
        try:
            times.append(time.fromisoformat(str(given.get(name) or "")).replace(tzinfo=None))
        except ValueError:
            raise _refuse("That is not a time.", f"{where}.{name}", given.get(name), "Write it like 09:00.") from None
    named = [str(day).lower() for day in given.get("days") or WORKDAYS]
    days = tuple(day for day in DAYS if any(day == each or day[:3] == each for each in named))
    if len(days) != len(set(named)):
        raise _refuse("There is no such day.", f"{where}.days", named, f"Use {', '.join(DAYS)}.")
    return Hours(zone, times[0], times[1], days, bool(given.get("outside", False)))
