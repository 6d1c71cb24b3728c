"""The form of a schedule and of its rotations. It works without JavaScript, too."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms

from ...accounts.actors import Actor
from ...accounts.forms import zone_field
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.found import OneOf
from ...kernel.local_time import LocalTime
from ...workspaces.queries import with_groups
from ..models import ChatGroup, Rotation, Schedule
from ..rules import check_zone, to_utc
from .hours import HoursField
from .turns import Offered, TurnsField


class _Folded(forms.Form):
    """A form that shows at first what everybody needs."""

    seldom: tuple[str, ...] = ()

    def usual(self) -> list[forms.BoundField]:
        """What everybody needs."""
        return [bound for bound in self if bound.name not in self.seldom and not bound.is_hidden]

    def more(self) -> list[forms.BoundField]:
        """What few need."""
        return [bound for bound in self if bound.name in self.seldom]

    def unfolded(self) -> bool:
        """Whether something of that is wrong, or filled in; not the short name, which everything has."""

        def said(value: Any) -> bool:
            return any(map(said, value)) if isinstance(value, list) else value not in (None, "")

        return any(
            bound.errors
            or (bound.name != "slug" and said(bound.value()) and str(bound.value()) != str(bound.field.initial))
            for bound in self.more()
        )


class ScheduleForm(_Folded):
    """A schedule without its rotations."""

    seldom = ("description", "remind_hours", "chat", "group", "slug")
    name = forms.CharField(max_length=100, label="Name")
    team = OneOf(Team.objects.none(), label="Owned by")
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
    chat = forms.ChoiceField(required=False, label="Slack workspace of the user group")
    group = forms.CharField(
        required=False,
        max_length=81,
        label="User group in Slack",
        help_text="Such as @payments-oncall, made in Slack before. Its members are whoever is on call, and nobody else, so that "
        "whoever mentions it reaches them. Empty: none.",
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
            if named := ChatGroup.objects.filter(schedule=schedule).select_related("workspace").first():
                kwargs["initial"] |= {"chat": named.workspace.slug, "group": named.shown}
        super().__init__(*args, **kwargs)
        chats = [(row.slug, row.name) for row in with_groups()]
        if not chats:
            del self.fields["group"]
        if len(chats) < 2:
            del self.fields["chat"]
        else:
            self.fields["chat"].choices = [("", "None"), *chats]  # type: ignore[attr-defined]
        teams = actor.teams_where(Action.MANAGE)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        if schedule is None and len(teams) == 1:
            self.initial.setdefault("team", teams[0].pk)

    def values(self) -> dict[str, Any]:
        """What the command takes. Where no chat has user groups, it is not asked about one, and nothing is said."""
        data = dict(self.cleaned_data)
        if "group" in data:
            data["chat_group"] = {"chat": data.pop("chat", ""), "group": data.pop("group")}
        return data


class WallTime(LocalTime):
    """A time by the clock of the schedule, not of the reader: without a zone."""

    def to_python(self, value: Any) -> datetime | None:
        """As a browser writes it."""
        if isinstance(value, datetime) or not value:
            return value or None
        try:
            return datetime.fromisoformat(str(value).strip()).replace(tzinfo=None)
        except ValueError:
            raise forms.ValidationError("Choose a day and a time.") from None


class RotationForm(_Folded):
    """One rotation of a schedule."""

    seldom = ("shadows", "until")
    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=100, label="Name of the rotation")
    members = TurnsField(
        label="Who takes turns, in order",
        help_text="After the last one the first comes again. Two in one line are on call together.",
        error_messages={"required": "Choose at least one person."},
    )
    length = forms.IntegerField(
        min_value=1,
        max_value=1000,
        initial=1,
        label="Each has it for",
        widget=forms.NumberInput(attrs={"class": "input short"}),
    )
    unit = forms.ChoiceField(
        choices=Rotation.Unit.choices, initial=Rotation.Unit.WEEKS, label="Hours, days, weeks or months"
    )
    starts_at = WallTime(
        "The first turn begins",
        "By the clock of the schedule's time zone. Each hand-off after it comes at this hour (turns of weeks: on this weekday too).",
    )
    restrictions = HoursField(label="When it counts")
    precedence = forms.IntegerField(
        min_value=0,
        max_value=1000,
        initial=0,
        label="Which wins, where several have somebody at the same time",
        help_text="Rotations with the same number are on call together.",
    )
    shadows = TurnsField(
        label="Who learns beside them, turn by turn",
        required=False,
        help_text="Shown in the schedule, never paged. Leave empty what has nobody.",
    )
    until = WallTime("It ends", "By the clock of the schedule's time zone. Empty: never.", required=False)

    def __init__(
        self,
        *args: Any,
        offered: Offered = Offered(),  # noqa: B008 - it is frozen
        levels: Collection[int] = (0,),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name in ("members", "shadows"):
            self.fields[name].widget.offered = offered  # type: ignore[attr-defined]
        self.fields["members"].widget.least = 6  # type: ignore[attr-defined]
        shadows = self.fields["shadows"].widget
        shadows.keeps_place, shadows.word = True, "shadow of turn"  # type: ignore[attr-defined]
        self.several = len(levels) > 1
        numbers = sorted({*range(len(levels)), *levels})
        self.fields["precedence"].widget = forms.Select(choices=[(each, _level(each, numbers)) for each in numbers])

    def values(self, zone: str) -> dict[str, Any]:
        """What the command takes for this rotation, of a schedule in this time zone."""
        data = dict(self.cleaned_data)
        until = data["until"] and to_utc(data["until"], check_zone(zone))
        return data | {"starts_at": f"{data['starts_at']:%Y-%m-%dT%H:%M}", "until": until}

    def entered(self) -> dict[str, Any]:
        """What stands in the form, right or wrong, as the beginning of another."""
        return {bound.name: bound.value() for bound in self}


def _level(number: int, numbers: list[int]) -> str:
    lower = [str(each) for each in numbers if each < number]
    return f"{number}, wins over {' and '.join(lower)}" if lower else f"{number}, the others win over it"


RotationFormSet = forms.formset_factory(RotationForm, extra=0, max_num=20, validate_max=True)
