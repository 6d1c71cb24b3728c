"""The forms of action items."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from ..accounts.models import Person, Team
from ..kernel.found import OneOf
from ..kernel.local_time import LocalDay
from . import rules
from .models import ActionItem


class ActionForm(forms.Form):
    """What will be done, by whom, until when."""

    title = forms.CharField(
        label="What will be done?",
        max_length=200,
        help_text="One thing that can be finished: “Refuse a deploy while the queue is older than 5 minutes”.",
    )
    owner: forms.ModelChoiceField[Person] = OneOf(
        Person.objects.none(), label="Owner", empty_label="Choose one person", help_text="One person, who is reminded."
    )
    due_on = LocalDay(
        label="Due on",
        help_text="The owner is reminded three days before, on the day, and then every three days.",
    )
    kind = forms.ChoiceField(label="What does it do?", choices=ActionItem.Kind.choices)
    priority = forms.TypedChoiceField(label="Priority", choices=ActionItem.Priority.choices, coerce=int, initial=2)
    team: forms.ModelChoiceField[Team] = OneOf(
        Team.objects.none(), label="Team", required=False, empty_label="The incident’s team"
    )
    description = forms.CharField(
        label="Details", required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="Markdown."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Any]", self.fields["owner"]).queryset = Person.objects.filter(is_active=True)
        cast("forms.ModelChoiceField[Any]", self.fields["team"]).queryset = Team.objects.all()

    def clean_title(self) -> str:
        """The title, if it says what will be done."""
        title = str(self.cleaned_data["title"])
        if found := rules.vague(title):
            raise forms.ValidationError(f"{found[0]} {found[1]}")
        return title
