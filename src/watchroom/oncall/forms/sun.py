"""Follow the sun: two or three regions that each have it by day, in one form that makes an ordinary schedule."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms

from ...accounts.actors import Actor
from ...accounts.forms import zone_field
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.found import OneOf
from ..rules import Region
from .turns import Offered, TurnsField


class SunForm(forms.Form):
    """What all regions share."""

    name = forms.CharField(max_length=100, label="Name")
    team = OneOf(Team.objects.none(), label="Owned by")
    unit = forms.ChoiceField(
        choices=(("weeks", "Every Monday"), ("days", "Every day")),
        initial="weeks",
        label="Within a region, turns change",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = actor.teams_where(Action.MANAGE)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        if len(teams) == 1:
            self.initial.setdefault("team", teams[0].pk)


class _Hour(forms.TimeField):
    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "input short"})


class RegionForm(forms.Form):
    """A region: who has it there, from when until when by their own clock. Without anybody it is left out."""

    zone = zone_field()
    start = _Hour(label="From", initial=time(9))
    end = _Hour(label="Until", initial=time(17))
    members = TurnsField(
        label="Who takes turns, in order",
        help_text="Two in one line are on call together.",
        error_messages={"required": "Choose at least one person."},
    )

    def __init__(self, *args: Any, offered: Offered = Offered(), **kwargs: Any) -> None:  # noqa: B008 - it is frozen
        super().__init__(*args, **kwargs)
        self.fields["zone"].label = "Time zone"
        self.fields["members"].required = not str(self.prefix).endswith("-2")  # the third may be left out
        places = self.fields["members"].widget
        places.offered, places.least, places.spare = offered, 2, 1  # type: ignore[attr-defined]

    def region(self) -> Region:
        """What was entered."""
        data = self.cleaned_data
        turns = tuple(tuple(turn) for turn in data["members"])
        return Region(data["zone"], data["start"], data["end"], turns)


RegionFormSet = forms.formset_factory(RegionForm, extra=0, min_num=2, max_num=3, validate_max=True)
