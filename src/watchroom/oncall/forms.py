"""Forms of schedules and overrides. They work without JavaScript: a rotation has a few empty places for more people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..accounts.actors import Actor
from ..accounts.forms import zone_field
from ..accounts.models import Person, Team
from ..accounts.roles import Action
from ..kernel.local_time import LocalTime
from .models import Rotation, Schedule
from .rules.restrictions import DAYS

_SPARE = 3  # empty places offered beyond those that are taken
_WINDOW = re.compile(
    r"(?:(?P<start_day>[A-Za-z]+)\s+)?(?P<start>\d{1,2}:\d\d)\s*(?:-|–|to)\s*(?:(?P<end_day>[A-Za-z]+)\s+)?(?P<end>\d{1,2}:\d\d)",
    re.IGNORECASE,
)


_SETS = {"weekdays": range(5), "weekends": range(5, 7)}


def _clock(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(":")))


class TurnsWidget(forms.Widget):
    """One select per place in the rotation, in order; people of the same turn stand in the same line."""

    use_fieldset = True
    people: Sequence[Person] = ()
    keeps_place = False  # a line without anybody counts, because it stands beside the turn of the same number
    word = "Turn"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[str]]:
        """The chosen people, turn by turn."""
        read = data.getlist if hasattr(data, "getlist") else lambda key: [data[key]] if key in data else []
        turns = [
            [person for person in read(f"{name}-{number}") if person]
            for number in range(200)
            if f"{name}-{number}" in data
        ]
        if self.keeps_place:
            while turns and not turns[-1]:
                turns.pop()
            return turns
        return [turn for turn in turns if turn]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Never: no places at all means nobody."""
        return False

    def id_for_label(self, id_: str) -> str:
        """The group has a legend instead."""
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """A list of lines; each has a select for every person of the turn and one more for somebody beside them."""
        turns = [list(turn) for turn in (value or [])] + [[] for _ in range(_SPARE)]
        lines = format_html_join(
            "", '<li class="row">{}</li>', ((self._turn(name, number, turn),) for number, turn in enumerate(turns))
        )
        return format_html('<ol class="stack">{}</ol>', lines)

    def _turn(self, name: str, number: int, turn: list[Any]) -> SafeString:
        chosen = [str(person) for person in turn] + [""]
        return format_html_join(
            "",
            '<select class="input" name="{}-{}" aria-label="{} {}, person {}">{}</select>',
            (
                (name, number, self.word.capitalize(), number + 1, place + 1, self._options(person, place))
                for place, person in enumerate(chosen)
            ),
        )

    def _options(self, chosen: str, place: int) -> SafeString:
        nobody = "–" if place == 0 else "+ together with"
        known = {str(person.pk) for person in self.people}
        gone = (
            format_html('<option value="{}" selected>Somebody who has left</option>', chosen)
            if chosen and chosen not in known
            else SafeString()
        )
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (person.pk, SafeString(" selected") if str(person.pk) == chosen else "", person.name)
                for person in self.people
            ),
        )
        return format_html('<option value="">{}</option>{}{}', nobody, gone, options)


class TurnsField(forms.Field):
    """Turns of people's numbers."""

    widget = TurnsWidget

    def to_python(self, value: Any) -> list[list[int]]:
        """Text to numbers."""
        try:
            return [[int(person) for person in turn] for turn in value or []]
        except (TypeError, ValueError):
            raise forms.ValidationError("Choose people from the list.") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compared as numbers."""
        try:
            return [list(map(int, turn)) for turn in initial or []] != self.to_python(data)
        except forms.ValidationError:
            return True


class _Folded(forms.Form):
    """A form that shows at first what everybody needs."""

    seldom: tuple[str, ...] = ()

    def usual(self) -> list[forms.BoundField]:
        """What everybody needs."""
        return [bound for bound in self if bound.name not in self.seldom]

    def more(self) -> list[forms.BoundField]:
        """What few need."""
        return [bound for bound in self if bound.name in self.seldom]

    def unfolded(self) -> bool:
        """Whether something of that is wrong, or filled in; not the short name, which everything has."""

        def said(value: Any) -> bool:
            return any(map(said, value)) if isinstance(value, list) else value not in (None, "")

        return any(
            bound.errors or (bound.name != "slug" and said(bound.value()) and bound.value() != bound.field.initial)
            for bound in self.more()
        )


class ScheduleForm(_Folded):
    """A schedule without its rotations."""

    seldom = ("description", "remind_hours", "slug")
    name = forms.CharField(max_length=100, label="Name")
    team = forms.ModelChoiceField(Team.objects.none(), label="Owned by")
    timezone = zone_field(initial="UTC", help_text="Hand-offs keep to the clocks of this zone, also when these change.")
    description = forms.CharField(required=False, label="What is it for?", widget=forms.Textarea(attrs={"rows": 2}))
    remind_hours = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=168,
        initial=12,
        label="Hours before a shift in which whoever comes is reminded",
        help_text="Their contact methods are checked then. 0: no reminder.",
    )
    slug = forms.CharField(
        required=False,
        max_length=64,
        label="Short name",
        help_text="Stands in addresses. Leave empty to make it of the name.",
    )

    def __init__(self, *args: Any, actor: Actor, schedule: Schedule | None = None, **kwargs: Any) -> None:
        if schedule is not None:
            kwargs["initial"] = {
                "name": schedule.name,
                "team": schedule.team_id,
                "timezone": schedule.timezone,
                "description": schedule.description,
                "remind_hours": schedule.remind_hours,
                "slug": schedule.slug,
            }
        super().__init__(*args, **kwargs)
        teams = actor.teams_where(Action.MANAGE)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        if schedule is None and len(teams) == 1:
            self.initial.setdefault("team", teams[0].pk)


class RotationForm(_Folded):
    """One rotation of a schedule."""

    seldom = ("shadows", "precedence", "restrictions", "until")
    name = forms.CharField(max_length=100, label="Name of the rotation")
    members = TurnsField(label="Whose turn it is, in order")
    shadows = TurnsField(
        label="Who learns beside them, turn by turn",
        required=False,
        help_text="Shown in the schedule, never paged. Leave empty what has nobody.",
    )
    length = forms.IntegerField(min_value=1, max_value=1000, initial=1, label="Each turn lasts")
    unit = forms.ChoiceField(
        choices=Rotation.Unit.choices, initial=Rotation.Unit.WEEKS, label="Hours, days, weeks or months"
    )
    starts_at = LocalTime(
        "First hand-off", "In the schedule's time zone. The hand-offs after it come at the same hour."
    )
    precedence = forms.IntegerField(
        min_value=0,
        max_value=1000,
        initial=0,
        label="Precedence",
        help_text="Where several rotations have somebody, the highest number wins; equal ones are on call together.",
    )
    restrictions = forms.CharField(
        required=False,
        label="Only at these times",
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono"}),
        help_text="Empty: always. Otherwise one window per line: “09:00 - 17:00” for every day, “weekdays 09:00 - 17:00” or “weekends 09:00 - 21:00” for each of these days, “monday 09:00 - friday 17:00” for a stretch of the week.",
    )
    until = LocalTime("Ends", "In your own time zone.", required=False)

    def __init__(self, *args: Any, people: Sequence[Person] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].widget.people = people  # type: ignore[attr-defined]
        shadows = self.fields["shadows"].widget
        shadows.people, shadows.keeps_place, shadows.word = people, True, "shadow of turn"  # type: ignore[attr-defined]

    def clean_restrictions(self) -> list[dict[str, str]]:
        """The lines as windows."""
        return windows_from(self.cleaned_data["restrictions"])

    def values(self) -> dict[str, Any]:
        """What the command takes for this rotation."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "DELETE"}
        return data | {"starts_at": f"{data['starts_at']:%Y-%m-%dT%H:%M}"}


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


RotationFormSet = forms.formset_factory(RotationForm, extra=0, can_delete=True, max_num=20, validate_max=True)


class OverrideForm(forms.Form):
    """Somebody takes over for a while."""

    person = forms.ModelChoiceField(Person.objects.filter(is_active=True), label="Who takes over")
    replaces = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), required=False, label="From whom", empty_label="Everybody who is on call"
    )
    starts_at = LocalTime("From", "In your own time zone.")
    ends_at = LocalTime("Until")
    reason = forms.CharField(required=False, max_length=200, label="Why")


class CorrectionForm(forms.Form):
    """Who really was on call. Also of people who have left."""

    person = forms.ModelChoiceField(Person.objects.all(), required=False, label="Who was on call", empty_label="Nobody")
    instead_of = forms.ModelChoiceField(
        Person.objects.all(), required=False, label="Instead of whom", empty_label="Everybody who is written down"
    )
    starts_at = LocalTime("From", "In your own time zone.")
    ends_at = LocalTime("Until")
    reason = forms.CharField(max_length=200, label="How do you know?")


class AbsenceForm(forms.Form):
    """Somebody is away."""

    starts_at = LocalTime("Away from", "In your own time zone.")
    ends_at = LocalTime("Back at")
    reason = forms.CharField(required=False, max_length=200, label="Why (everybody can read it)")
    not_paged = forms.BooleanField(
        required=False,
        initial=True,
        label="Do not page me",
        help_text="Escalations pass you over and go on with the next at once. If nobody else is left, you are paged.",
    )


class HolidayForm(forms.Form):
    """Where somebody has their public holidays."""

    country = forms.CharField(
        required=False, max_length=2, label="Country", help_text="Two letters, such as DE or US. Empty: no holidays."
    )
    region = forms.CharField(
        required=False, max_length=10, label="Region", help_text="Such as BY or CA; empty for the whole country."
    )


class PlanForm(forms.Form):
    """What a planned rota must keep to."""

    people = forms.ModelMultipleChoiceField(
        Person.objects.none(), label="Who takes turns", widget=forms.CheckboxSelectMultiple
    )
    starts_at = LocalTime("First hand-off", "In your own time zone.")
    turns = forms.IntegerField(min_value=1, max_value=200, initial=12, label="How many turns to plan")
    length = forms.IntegerField(min_value=1, max_value=1000, initial=1, label="Each turn lasts")
    unit = forms.ChoiceField(
        choices=Rotation.Unit.choices, initial=Rotation.Unit.WEEKS, label="Hours, days, weeks or months"
    )
    most_in_a_row = forms.IntegerField(min_value=1, max_value=50, initial=1, label="At most so many turns in a row")
    rest = forms.IntegerField(
        min_value=0, max_value=50, initial=1, label="Turns of others in between", help_text="At least."
    )

    def __init__(self, *args: Any, people: Sequence[Person] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = Person.objects.filter(pk__in=[each.pk for each in people])
        self.fields["people"].queryset = choices  # type: ignore[attr-defined]


class TemporaryForm(forms.Form):
    """What replaces a schedule for a while: another schedule, or people who take turns."""

    name = forms.CharField(max_length=100, label="What is it for?", help_text="Such as Release week or Christmas.")
    starts_at = LocalTime(
        "From", "In your own time zone. The first turn begins then; hand-offs after it come at the same hour."
    )
    ends_at = LocalTime("Until")
    other = forms.ModelChoiceField(
        Schedule.objects.none(),
        required=False,
        to_field_name="slug",
        label="Another schedule stands in",
        empty_label="No: these people take turns",
    )
    members = TurnsField(label="Whose turn it is, in order", required=False)
    length = forms.IntegerField(min_value=1, max_value=1000, initial=1, label="Each turn lasts")
    unit = forms.ChoiceField(
        choices=Rotation.Unit.choices, initial=Rotation.Unit.DAYS, label="Hours, days, weeks or months"
    )

    def __init__(self, *args: Any, people: Sequence[Person] = (), others: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].widget.people = people  # type: ignore[attr-defined]
        self.fields["other"].queryset = others  # type: ignore[attr-defined]

    def values(self, people: Mapping[int, Person]) -> dict[str, Any]:
        """What the command takes."""
        data = dict(self.cleaned_data)
        data["members"] = [[people[pk] for pk in turn if pk in people] for turn in data["members"]]
        return data
