"""The forms of heartbeats and checks."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..catalog.queries import services_visible_to
from ..intake.trying import read_labels
from ..kernel.errors import Refused
from ..kernel.found import OneOf
from .kinds.base import Kind
from .models import Check, Heartbeat


class LabelsField(forms.CharField):
    """Labels, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            label="Labels of its alert",
            help_text="One a line, such as tier=gold. For routes.",
            widget=forms.Textarea(attrs={"rows": 2}),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}={said}" for name, said in value.items()) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, str]:
        lines = [line.strip() for line in (super().clean(value) or "").splitlines()]
        try:
            return read_labels(line for line in lines if line)
        except Refused as error:
            raise forms.ValidationError(str(error)) from None


class _MonitorForm(forms.ModelForm):
    description = forms.CharField(
        required=False,
        label="What it is about",
        help_text="And what to do. Whoever is paged for it reads this.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=10_000,
    )
    alert_title = forms.CharField(
        required=False, label="Title of its alert", help_text="Empty: its name and what is wrong.", max_length=200
    )
    labels = LabelsField()

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = actor.teams_where(Action.MANAGE)  # type: ignore[attr-defined]
        self.fields["service"].queryset = services_visible_to(actor)  # type: ignore[attr-defined]
        self.fields["service"].empty_label = "No service"  # type: ignore[attr-defined]


class HeartbeatForm(_MonitorForm):
    """A heartbeat: when something is expected, and what its silence means."""

    class Meta:
        model = Heartbeat
        field_classes: ClassVar = {"team": OneOf, "service": OneOf}
        fields = (
            "name",
            "team",
            "service",
            "kind",
            "period_seconds",
            "expression",
            "timezone",
            "grace_seconds",
            "severity",
            "alert_title",
            "description",
            "labels",
            "drill",
        )
        labels = {
            "kind": "Expected",
            "period_seconds": "Every (seconds)",
            "timezone": "Time zone",
            "grace_seconds": "Grace (seconds)",
            "drill": "Drill: practise only",
        }
        help_texts = {
            "period_seconds": "86400 is a day. Only without an expression.",
            "expression": "0 3 * * * (cron) or Mon..Fri 03:00 (OnCalendar).",
            "timezone": "Of the expression, such as Europe/Berlin.",
            "grace_seconds": "How much later than expected is still fine; also how long a run may take.",
        }


class CheckForm(_MonitorForm):
    """A check; what its kind asks for follows in fields of its own."""

    class Meta:
        model = Check
        field_classes: ClassVar = {"team": OneOf, "service": OneOf}
        fields = ("name", "team", "service", "interval_seconds", "timeout_seconds", "for_seconds", "severity", "alert_title",
                  "description", "labels", "drill")  # fmt: skip
        labels = {
            "interval_seconds": "Every (seconds)",
            "timeout_seconds": "Timeout (seconds)",
            "for_seconds": "Must fail for (seconds)",
            "drill": "Drill: practise only",
        }
        help_texts = {"for_seconds": "0: a second failure a few seconds later is enough."}

    def __init__(self, *args: Any, kind: Kind, may_see: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = (self.instance.settings or {}) if self.instance.pk else {}
        for each in kind.fields:
            common: dict[str, Any] = {
                "label": each.label,
                "required": each.required,
                "help_text": each.help,
                "initial": now.get(each.name, each.default) if may_see or not each.secret else "",
            }
            field: forms.Field
            if each.choices:
                field = forms.ChoiceField(choices=[(one, one) for one in each.choices], **common)
            elif each.type == "number":
                field = forms.FloatField(**common)
            elif each.type == "lines":
                field = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **common)
            else:
                field = forms.CharField(**common)
            self.fields[f"settings_{each.name}"] = field
        order = ["name", *(f"settings_{each.name}" for each in kind.fields)]
        self.order_fields(order)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            name.removeprefix("settings_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("settings_") and value not in (None, "")
        }
