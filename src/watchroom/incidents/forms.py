"""The forms of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.urls import reverse_lazy

from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..catalog.queries import services_visible_to
from ..intake.models import AlertGroup
from ..intake.queries import groups_visible_to
from ..kernel import clock
from ..kernel.found import FoundSelect, FoundSelectMultiple, OneOf
from ..kernel.local_time import LocalTime
from .guidance.situation import minutes
from .models import Incident, LogEntry, RoleName, Update
from .rules.severities import Severity
from .severities import choices as severities
from .type_forms import PREFIX, AskingForm

KINDS = [(kind.value, kind.label) for kind in LogEntry.Kind if kind != LogEntry.Kind.SYSTEM]
PEOPLE, SERVICES = reverse_lazy("choices-people"), reverse_lazy("choices-services")
NEXT_UPDATE = [
    ("", "as its severity says"),
    ("15", "in 15 minutes"),
    ("30", "in 30 minutes"),
    ("60", "in an hour"),
    ("at", "at the time below"),
]


def choices(field: forms.Field, rows: Any) -> None:
    """Set what a model field offers."""
    cast("forms.ModelChoiceField[Any]", field).queryset = rows


class DeclareForm(AskingForm):
    """A title is enough; the rest is folded away."""

    title = forms.CharField(
        label="What is wrong?",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="One line that a colleague understands at three in the morning.",
    )
    severity = forms.TypedChoiceField(
        label="How bad is it?", choices=severities, coerce=int, initial=3, widget=forms.RadioSelect
    )
    impact = forms.CharField(label="Who notices what?", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    team: forms.ModelChoiceField[Team] = OneOf(
        Team.objects.none(), label="Team", required=False, empty_label="From the services"
    )
    services: forms.ModelMultipleChoiceField[Service] = forms.ModelMultipleChoiceField(
        Service.objects.none(), label="Services", required=False, widget=FoundSelectMultiple(SERVICES)
    )
    commander: forms.ModelChoiceField[Person] = forms.ModelChoiceField(
        Person.objects.none(),
        label="Commander",
        required=False,
        empty_label="Who is on call for it; otherwise me",
        widget=FoundSelect(PEOPLE),
        help_text="Anyone but you is paged for it.",
    )
    communications: forms.ModelChoiceField[Person] = forms.ModelChoiceField(
        Person.objects.none(),
        label="Communications lead",
        required=False,
        empty_label="Who is on call for it; otherwise nobody yet",
        widget=FoundSelect(PEOPLE),
        help_text="The one voice to stakeholders; is paged.",
    )
    alert_groups: forms.ModelMultipleChoiceField[AlertGroup] = forms.ModelMultipleChoiceField(
        AlertGroup.objects.none(), required=False, widget=forms.MultipleHiddenInput
    )
    private = forms.BooleanField(
        label="Private",
        required=False,
        help_text="Only those with a role in it, the team’s managers and administrators see it.",
    )
    triage = forms.BooleanField(
        label="I am not sure that it is one",
        required=False,
        help_text="Somebody who is on call looks first, and confirms or declines it.",
    )
    drill = forms.BooleanField(label="This is a drill", required=False)
    test = forms.BooleanField(
        label="I only try Watchroom out",
        required=False,
        help_text="Nobody is asked in, nothing reaches a status page, and it never counts.",
    )

    def __init__(self, *args: Any, actor: Actor, chosen: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Person.objects.filter(is_active=True)
        choices(self.fields["team"], Team.objects.all())
        choices(self.fields["services"], services_visible_to(actor))
        choices(self.fields["commander"], people)
        choices(self.fields["communications"], people)
        choices(self.fields["alert_groups"], groups_visible_to(actor))
        self.ask(chosen=chosen)

    def said(self) -> dict[str, Any]:
        """What :func:`commands.declare` is told."""
        own = {name: value for name, value in self.cleaned_data.items() if not name.startswith(PREFIX)}
        return own | {"fields": self.answers()}

    @property
    def folded(self) -> list[forms.BoundField]:
        """What the page folds away."""
        return [
            self[name]
            for name in (
                "impact",
                "team",
                "services",
                "commander",
                "communications",
                "private",
                "triage",
                "drill",
                "test",
            )
        ]

    @property
    def unfold(self) -> bool:
        """Whether something folded has an error, and must be seen."""
        return any(bound.errors for bound in self.folded)


class SummaryForm(forms.ModelForm):
    """What we know and who notices."""

    title = forms.CharField(max_length=200)

    class Meta:
        model = Incident
        fields = ("title", "summary", "impact")
        labels = {"summary": "What we know", "impact": "Who notices what"}
        help_texts = {"summary": "", "impact": ""}
        widgets = {"summary": forms.Textarea(attrs={"rows": 3}), "impact": forms.Textarea(attrs={"rows": 2})}


class ScopeForm(forms.Form):
    """Whose it is, what it is about and who sees it."""

    team: forms.ModelChoiceField[Team] = OneOf(
        Team.objects.none(), label="Team", required=False, empty_label="As it is"
    )
    services: forms.ModelMultipleChoiceField[Service] = forms.ModelMultipleChoiceField(
        Service.objects.none(), label="Services", required=False, widget=FoundSelectMultiple(SERVICES)
    )
    private = forms.BooleanField(
        label="Private",
        required=False,
        help_text="Only those with a role in it, the team’s managers and administrators see it.",
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["team"], Team.objects.all())
        choices(self.fields["services"], services_visible_to(actor))


class SeverityForm(forms.Form):
    """Another severity, and why."""

    severity = forms.TypedChoiceField(label="Severity", choices=severities, coerce=int, widget=forms.RadioSelect)
    reason = forms.CharField(label="Why?", required=False, max_length=300)

    def __init__(self, *args: Any, meanings: Mapping[int, Severity] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if meanings is not None:  # whoever has read them already
            offered = [(level, each.meaning) for level, each in meanings.items()]
            cast(forms.TypedChoiceField, self.fields["severity"]).choices = offered


class RoleForm(forms.Form):
    """A role, and who shall have it."""

    role = forms.ChoiceField(label="Role", choices=RoleName.choices)
    person: forms.ModelChoiceField[Person] = forms.ModelChoiceField(
        Person.objects.none(), label="Who", empty_label="Choose somebody", widget=FoundSelect(PEOPLE)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["person"], Person.objects.filter(is_active=True))


class EntryForm(forms.Form):
    """A line of the log."""

    kind = forms.ChoiceField(choices=KINDS, initial="note")
    text = forms.CharField(widget=forms.Textarea, required=False, max_length=20_000)
    parent = forms.IntegerField(required=False)
    at = LocalTime("When it happened", required=False, seconds=True)
    # Written without a connection and sent later: how long ago, by the writer's own clock, which may go wrong.
    ago = forms.IntegerField(required=False, min_value=0, max_value=30 * 86_400)
    client_key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    as_is = forms.BooleanField(required=False)  # its words may blame: the writer has seen it


class EditEntryForm(forms.Form):
    """A line of the log that is put right."""

    as_is = forms.BooleanField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(label="Text", widget=forms.Textarea(attrs={"rows": 4}))
    at = LocalTime("When it happened", "In your time zone.", required=False, seconds=True)


class UpdateForm(forms.Form):
    """What stakeholders are told."""

    stage = forms.ChoiceField(label="Stage", choices=Update.Stage.choices, initial="investigating")
    happening = forms.CharField(
        label="What is happening",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In the words of those who are affected.",
    )
    impact = forms.CharField(label="Who notices what", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    doing = forms.CharField(label="What we are doing", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    next_update = forms.ChoiceField(
        label="Next update",
        choices=NEXT_UPDATE,
        initial="",
        required=False,
        help_text="The communications lead is reminded when it is due.",
    )
    next_update_at = LocalTime("Time of the next update", required=False, seconds=True)
    pages = forms.MultipleChoiceField(label="Show it on", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, pages: Sequence[tuple[str, str]] = (), every: timedelta | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if every is not None:
            said = f"in {minutes(every)}, as its severity says"
            cast(forms.ChoiceField, self.fields["next_update"]).choices = [("", said), *NEXT_UPDATE[1:]]
        if pages:
            cast(forms.MultipleChoiceField, self.fields["pages"]).choices = pages
        else:
            del self.fields["pages"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if (
            values.get("next_update") == "at"
            and not values.get("next_update_at")
            and "next_update_at" not in self.errors
        ):
            self.add_error("next_update_at", "Say when the next update will come.")
        return values

    def promised(self) -> datetime | None:
        """When the next update is promised."""
        chosen = self.cleaned_data.get("next_update", "")
        if chosen == "at":
            return self.cleaned_data["next_update_at"]  # type: ignore[no-any-return]
        return clock.now() + timedelta(minutes=int(chosen)) if chosen else None


class TimeForm(forms.Form):
    """A key time put right."""

    at = LocalTime("When it really happened", "In your time zone.", seconds=True)
    reason = forms.CharField(label="How do you know?", max_length=300)
