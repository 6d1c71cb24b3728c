"""At which hours of which days a rotation counts, as a field of a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..rules.restrictions import DAYS

_WINDOW = re.compile(
    r"(?:(?P<start_day>[A-Za-z]+)\s+)?(?P<start>\d{1,2}:\d\d)\s*(?:-|–|to)\s*(?:(?P<end_day>[A-Za-z]+)\s+)?(?P<end>\d{1,2}:\d\d)",
    re.IGNORECASE,
)
KINDS = (
    ("", "At all times"),
    ("days", "Only on some days, or at some hours"),
    ("stretch", "From one day of the week until another"),
    ("own", "Several times, written line by line"),
)
Window = dict[str, str]
_SETS = {"weekdays": range(5), "weekends": range(5, 7)}


def _clock(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(":")))


def windows_from(text: str) -> list[dict[str, str]]:
    """Windows from lines such as ``22:00 - 06:00`` or ``friday 18:00 - monday 09:00``."""
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        first, _, rest = line.partition(" ")
        if (days := _SETS.get(first.lower())) and (match := _WINDOW.fullmatch(rest.strip())) and not match["start_day"]:
            # Every one of these days by itself; an end at or before the start lies in the next day.
            for number in days:
                over = _clock(match["end"]) <= _clock(match["start"])
                ends_on = DAYS[(number + over) % 7]
                found.append(
                    {"start_day": DAYS[number], "start": match["start"], "end_day": ends_on, "end": match["end"]}
                )
            continue
        match = _WINDOW.fullmatch(line)
        if match is None:
            raise forms.ValidationError(
                f"“{line[:60]}” is not a window. Write it like “09:00 - 17:00” or “monday 09:00 - friday 17:00”."
            )
        found.append({name: value.lower() for name, value in match.groupdict().items() if value})
    return found


def window_text(window: Mapping[str, str]) -> str:
    """The opposite of :func:`windows_from`, for one window."""
    return f"{window.get('start_day', '')} {window['start']} - {window.get('end_day', '')} {window['end']}".replace(
        "  ", " "
    ).strip()


def parts_of(windows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Windows as what the form shows: the simplest of its kinds that can say them."""
    rows = list(windows)
    parts: dict[str, Any] = {"text": "\n".join(map(window_text, rows))}
    if not rows:
        return parts | {"kind": ""}
    if len(rows) == 1 and not rows[0].get("start_day"):
        return parts | {"kind": "days", "days": list(DAYS), "start": rows[0]["start"], "end": _until(rows[0]["end"])}
    days = [row.get("start_day", "") for row in rows]
    if len({(row["start"], row["end"]) for row in rows}) == 1 and all(days) and len(set(days)) == len(days):
        made = windows_on(days, rows[0]["start"], rows[0]["end"])
        if [dict(row) for row in rows] == made:
            return parts | {"kind": "days", "days": days, "start": rows[0]["start"], "end": _until(rows[0]["end"])}
    if len(rows) == 1:
        row = rows[0]
        ends = {"last": row["end_day"], "last_end": _until(row["end"])}
        return parts | {"kind": "stretch", "first": row["start_day"], "first_start": row["start"], **ends}
    return parts | {"kind": "own"}


def _until(end: str) -> str:
    """An end as a browser's field for times can show it."""
    return "00:00" if end == "24:00" else end


def windows_on(days: Iterable[str], start: str, end: str) -> list[Window]:
    """The same hours on each of these days; an end at or before the start lies in the next day."""
    chosen = [day for day in DAYS if day in set(days)]
    if len(chosen) == len(DAYS):
        return [{"start": start, "end": end}]
    over = _clock(end) <= _clock(start)
    return [
        {"start_day": day, "start": start, "end_day": DAYS[(DAYS.index(day) + over) % 7], "end": end} for day in chosen
    ]


class HoursWidget(forms.Widget):
    """A choice of kinds, and beneath it what the kind that is chosen asks (css/controls.css hides the others)."""

    use_fieldset = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, Any]:
        """What was entered, by its kind. Text alone means windows line by line."""
        days = data.getlist(f"{name}-days") if hasattr(data, "getlist") else data.get(f"{name}-days", [])
        text = data.get(name, "")
        parts = {each: data.get(f"{name}-{each}", "") for each in ("start", "end", "first", "first_start", "last")}
        kind = data.get(f"{name}-kind", "own" if text.strip() else "")
        return parts | {"kind": kind, "days": days, "text": text, "last_end": data.get(f"{name}-last_end", "")}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Never: nothing means always."""
        return False

    def id_for_label(self, id_: str) -> str:
        """The group has a legend instead."""
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """All kinds; what is not entered begins with working hours, and with a weekend."""
        parts = value if isinstance(value, dict) else parts_of(value or [])
        days = parts.get("days") or DAYS[:5]
        return format_html(
            '<div class="hours stack"><select class="input" name="{name}-kind" aria-label="When this rotation counts">{kinds}</select>'
            '<div class="hours-days stack"><div class="row">{days}</div><p class="row">from {start} until {end}</p>'
            '<p class="help">If it ends at or before it begins, it lasts into the next day: 18:00 until 09:00 is a night, '
            "00:00 until 00:00 the whole day.</p></div>"
            '<div class="hours-stretch"><p class="row">from {first} {first_start} until {last} {last_end}</p></div>'
            '<div class="hours-own stack"><textarea class="input mono" rows="3" name="{name}" aria-label="Times, one per line">{text}</textarea>'
            '<p class="help">One per line: “09:00 - 17:00” for every day, “weekdays 09:00 - 17:00” or “weekends 09:00 - 21:00” for '
            "each of these days, “monday 09:00 - friday 17:00” for a stretch of the week.</p></div></div>",
            name=name,
            kinds=_options(KINDS, parts.get("kind", "")),
            days=format_html_join(
                "",
                '<label class="row"><input type="checkbox" name="{}-days" value="{}"{}> {}</label>',
                ((name, day, SafeString(" checked") if day in days else "", day[:3].capitalize()) for day in DAYS),
            ),
            start=_time(name, "start", "From", parts.get("start") or "09:00"),
            end=_time(name, "end", "Until", parts.get("end") or "17:00"),
            first=_day(name, "first", "From which day", parts.get("first") or "friday"),
            first_start=_time(name, "first_start", "From", parts.get("first_start") or "18:00"),
            last=_day(name, "last", "Until which day", parts.get("last") or "monday"),
            last_end=_time(name, "last_end", "Until", parts.get("last_end") or "09:00"),
            text=parts.get("text", ""),
        )


def _options(choices: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SafeString(" selected") if value == chosen else "", text) for value, text in choices),
    )


def _time(name: str, part: str, label: str, value: str) -> SafeString:
    padded = f"{value:0>5}"  # 9:00 is no time to a browser
    return format_html(
        '<input class="input short" type="time" name="{}-{}" aria-label="{}" value="{}">', name, part, label, padded
    )


def _day(name: str, part: str, label: str, value: str) -> SafeString:
    days = [(day, day.capitalize()) for day in DAYS]
    return format_html(
        '<select class="input" name="{}-{}" aria-label="{}">{}</select>', name, part, label, _options(days, value)
    )


class HoursField(forms.Field):
    """Windows of local time, as rotations keep them; none means always."""

    widget = HoursWidget

    def to_python(self, value: Any) -> list[Window]:
        """What was entered as windows."""
        kind = value.get("kind")
        if kind == "own":
            return windows_from(value["text"])
        if kind == "days":
            if not (days := [day for day in DAYS if day in value["days"]]):
                raise forms.ValidationError("Choose at least one day, or “At all times”.")
            return windows_on(days, _checked(value["start"], "from"), _checked(value["end"], "until"))
        if kind == "stretch":
            start, end = _checked(value["first_start"], "from"), _checked(value["last_end"], "until")
            if value["first"] not in DAYS or value["last"] not in DAYS:
                raise forms.ValidationError("Choose both days.")
            return [{"start_day": value["first"], "start": start, "end_day": value["last"], "end": end}]
        return []

    def validate(self, value: Any) -> None:
        """No window at all is right: it means always."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """A rotation that was sent counts, whatever its hours are."""
        return True


def _checked(text: str, which: str) -> str:
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d(:\d\d)?", text):
        raise forms.ValidationError(f"Say {which} when, such as 09:00.")
    return text[:5]
