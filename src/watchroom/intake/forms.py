"""When a silence or a maintenance window runs, as its page asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from ..accounts.forms import zone_field
from ..kernel.errors import Refused
from ..kernel.local_time import LocalDay, LocalTime
from ..kernel.times import within_reach
from ..oncall.rules.zones import find_zone, to_utc
from .models.holds import Repeating
from .rules.repeats import DAY_NAMES, DAYS, RepeatError, chosen

LENGTHS = {"0.5": "30 minutes", "1": "1 hour", "2": "2 hours", "4": "4 hours", "8": "8 hours", "24": "1 day",
           "72": "3 days", "168": "1 week"}  # fmt: skip
AGAIN = {
    "": "Once",
    "day": "Every day",
    "week": "Every week on certain days",
    "month-day": "Every month on the same day, such as the 15th",
    "month-weekday": "Every month on the same weekday, such as the second Tuesday",
    "month-last": "Every month on the last such weekday",
    "year": "Every year",
    "own": "By a rule of your own",
}


def _text(given: Mapping[str, Any], name: str) -> str:
    return str(given.get(name) or "").strip()


def hours(given: Mapping[str, Any], name: str = "hours") -> timedelta:
    """A length in hours.

    :raises Refused: it is none, or more than a year.
    """
    try:
        count = float(_text(given, name))
    except ValueError:
        count = 0.0
    if not 0 < count <= 24 * 366:
        raise Refused("That length is not accepted.", field=name, value=_text(given, name), fix="Choose one.")
    return timedelta(hours=count)


class TimesForm(forms.Form):
    """When it begins, how long it lasts, and whether it comes again."""

    starts_at = LocalTime("Begins", "Empty: now.", required=False)
    hours = forms.ChoiceField(
        choices=list(LENGTHS.items()),
        initial="1",
        label="For how long",
        widget=forms.Select(attrs={"data-says": "ends_at"}),
    )
    again = forms.ChoiceField(choices=list(AGAIN.items()), required=False, label="Repeats")
    days = forms.MultipleChoiceField(
        choices=list(zip(DAYS, DAY_NAMES, strict=True)),
        required=False,
        label="On",
        widget=forms.CheckboxSelectMultiple,
    )
    rule = forms.CharField(
        required=False,
        max_length=300,
        label="Rule",
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "FREQ=MONTHLY;BYDAY=2TU"}),
        help_text="As in RFC 5545, of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL.",
    )
    interval = forms.IntegerField(
        required=False, min_value=1, max_value=366, initial=1, label="Only every so many days, weeks, months or years"
    )
    until = LocalDay(required=False, label="Last day", help_text="Empty: for good.")
    timezone = zone_field(required=False, help_text="It keeps to the clocks of this zone, also when these change.")

    def __init__(self, *args: Any, row: Repeating | None = None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {"timezone": timezone.get_current_timezone_name()}
        if row is not None:
            begins, ends = _first(row)
            length = f"{(ends - begins) / timedelta(hours=1):g}"
            initial |= {"hours": length, "starts_at": _shown(row), "timezone": row.timezone or initial["timezone"]}
            initial |= {"again": "own", "rule": row.repeats} if row.repeats else {}
        super().__init__(*args, **{**kwargs, "initial": initial})
        if row is not None and length not in LENGTHS:
            self.fields["hours"].choices = [(length, f"{length} hours"), *LENGTHS.items()]  # type: ignore[attr-defined]


def _first(row: Repeating) -> tuple[datetime, datetime]:
    """The times from which a row's rule counts; of what comes once, its own."""
    if row.repeats and row.first_at and row.first_end_at:
        return row.first_at, row.first_end_at
    return row.starts_at, row.ends_at


def _shown(row: Repeating) -> str:
    """Its first beginning as the form shows it, to the minute."""
    zone = find_zone(row.timezone or timezone.get_current_timezone_name())
    return f"{_first(row)[0].astimezone(zone):%Y-%m-%dT%H:%M}"


def times_from(
    given: Mapping[str, Any], days: list[str], now: datetime, row: Repeating | None = None
) -> dict[str, Any]:
    """``starts_at``, ``ends_at``, ``repeats`` and ``timezone`` of what was filled in. A beginning is by the clocks of the
    zone that is chosen; one of ``row`` that was left alone stays as it is, to the second.

    :raises Refused: something can't be read.
    """
    name, again, said = _text(given, "timezone"), _text(given, "again"), _text(given, "starts_at")
    zone = find_zone(name or timezone.get_current_timezone_name())
    if zone is None:
        raise Refused("There is no such time zone.", field="timezone", value=name[:60], fix="Choose one.")
    length = hours(given)
    try:
        starts_at = to_utc(within_reach(datetime.fromisoformat(said).replace(tzinfo=None)), zone) if said else now
        if row is not None and said == _shown(row):
            starts_at = _first(row)[0]
        ends_at = starts_at + length
    except (ValueError, OverflowError):
        raise Refused(
            "That time can't be read.", field="starts_at", value=said[:60], fix="Choose a day and a time."
        ) from None
    times: dict[str, Any] = {"starts_at": starts_at, "ends_at": ends_at, "repeats": "", "timezone": ""}
    if again:
        times |= {"repeats": rule_from(given, again, days, starts_at.astimezone(zone)), "timezone": zone.key}
    return times


def rule_from(given: Mapping[str, Any], again: str, days: list[str], local: datetime) -> str:
    """The rule that was chosen: ``again`` is a key of ``AGAIN``; ``local`` the beginning by the clocks on the wall.

    :raises Refused: something can't be read.
    """
    if again == "own":
        return _text(given, "rule") or "(nothing)"
    interval, until = _text(given, "interval") or "1", _text(given, "until")
    try:
        last = within_reach(datetime.fromisoformat(until).date()) if until else None
        return str(chosen(again, local, days=days, interval=int(interval), until=last))
    except RepeatError as error:
        raise Refused(error.problem, field="again", value=again[:60], fix=error.fix) from None
    except ValueError:
        raise Refused(
            "That can't be read.",
            field="until" if until else "interval",
            value=until[:60] or interval[:60],
            fix="Choose a day, and a number from 1 on.",
        ) from None
