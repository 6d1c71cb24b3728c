"""Forms of what is done with schedules: overrides, corrections, absences, plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from ...accounts.models import Person
from ...kernel.found import OneOf
from ...kernel.local_time import LocalTime
from ..models import Rotation, Schedule
from .turns import Offered, TurnsField


class OverrideForm(forms.Form):
    """Somebody takes over for a while."""

    person = OneOf(Person.objects.filter(is_active=True), label="Who takes over")
    replaces = OneOf(
        Person.objects.filter(is_active=True), required=False, label="From whom", empty_label="Everybody who is on call"
    )
    starts_at = LocalTime("From", "In your own time zone.")
    ends_at = LocalTime("Until")
    reason = forms.CharField(required=False, max_length=200, label="Why")


class CorrectionForm(forms.Form):
    """Who really was on call. Also of people who have left."""

    person = OneOf(
        Person.objects.all(), required=False, label="Who was on call", empty_label="Nobody", also="&left=too"
    )
    instead_of = OneOf(
        Person.objects.all(),
        required=False,
        label="Instead of whom",
        empty_label="Everybody who is written down",
        also="&left=too",
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

    rotation = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="What is planned",
        help_text="The other rotations stay as they are.",
    )
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

    def __init__(
        self, *args: Any, people: Sequence[Person] = (), rotations: Sequence[Rotation] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if len(rotations) > 1:
            which = [(each.pk, f"The rotation {each.name}") for each in rotations]
            self.fields["rotation"].choices = [*which, ("", "The whole schedule, instead of all rotations")]  # type: ignore[attr-defined]
        else:
            del self.fields["rotation"]
        choices = Person.objects.filter(pk__in=[each.pk for each in people])
        self.fields["people"].queryset = choices  # type: ignore[attr-defined]


class TemporaryForm(forms.Form):
    """What replaces a schedule for a while: another schedule, or people who take turns."""

    name = forms.CharField(max_length=100, label="What is it for?", help_text="Such as Release week or Christmas.")
    starts_at = LocalTime(
        "From", "In your own time zone. The first turn begins then; hand-offs after it come at the same hour."
    )
    ends_at = LocalTime("Until")
    other = OneOf(
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

    def __init__(self, *args: Any, offered: Offered, others: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].widget.offered = offered  # type: ignore[attr-defined]
        self.fields["other"].queryset = others  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        data = dict(self.cleaned_data)
        people = Person.objects.filter(is_active=True).in_bulk({pk for turn in data["members"] for pk in turn})
        data["members"] = [[people[pk] for pk in turn if pk in people] for turn in data["members"]]
        return data
