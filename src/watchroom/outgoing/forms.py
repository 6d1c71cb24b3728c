"""The form of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..incidents.forms import choices
from ..kernel.found import OneOf
from .models import Webhook

FAMILIES = (
    ("incident.*", "Incidents: declared, severity, mitigated, resolved"),
    ("update.*", "Updates for stakeholders"),
    ("role.*", "Roles"),
    ("log.*", "The running log"),
    ("task.*", "Tasks"),
    ("mitigation.*", "Mitigations that were tried"),
    ("postmortem.*", "Postmortems"),
    ("action_item.*", "Action items"),
    ("alert_group.*", "Alerts: opened, acknowledged, resolved"),
    ("change.*", "Deploys and other changes"),
)


class WebhookForm(forms.Form):
    """Where to, what of, and signed with what. The secret is never shown again."""

    name = forms.CharField(max_length=100, label="Name", help_text="Who listens there, such as “Data warehouse”.")
    url = forms.CharField(
        max_length=2000,
        label="Address",
        widget=forms.URLInput(attrs={"placeholder": "https://hooks.example.org/watchroom"}),
        help_text="Events are posted to it as signed JSON.",
    )
    team = OneOf(Team.objects.none(), required=False, label="Whose events", empty_label="Everybody's")
    families = forms.MultipleChoiceField(
        choices=FAMILIES, required=False, label="What it is told of", widget=forms.CheckboxSelectMultiple
    )
    others = forms.CharField(
        required=False,
        label="Others, by name",
        widget=forms.TextInput(attrs={"placeholder": "incident.resolved silence.* or * for everything"}),
        help_text="Separated by spaces. All names are in the reference of events.",
    )
    private = forms.BooleanField(
        required=False, label="Also private incidents", help_text="Whoever reads what is posted there reads them, too."
    )
    drills = forms.BooleanField(required=False, label="Also drills and tests", help_text="They are marked as such.")
    secret = forms.CharField(
        required=False,
        max_length=200,
        label="Signing secret",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, actor: Actor, webhook: Webhook | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        if not actor.may(Action.ADMINISTER):
            self.fields["team"].required = True
            self.fields["team"].empty_label = None  # type: ignore[attr-defined]
        known = [name for name, _ in FAMILIES]
        self.fields["secret"].help_text = (
            "Leave it empty to keep the one that is set; a new address gets a new one."
            if webhook
            else "Leave it empty to have one made. It is shown once."
        )
        if webhook is not None:
            self.initial = {
                "name": webhook.name,
                "url": webhook.url,
                "team": webhook.team_id,
                "families": [each for each in webhook.events if each in known],
                "others": " ".join(each for each in webhook.events if each not in known),
                "private": webhook.private,
                "drills": webhook.drills,
                **self.initial,
            }

    def values(self) -> dict[str, Any]:
        """For the command."""
        said = dict(self.cleaned_data)
        named = [*said.pop("families"), *said.pop("others").replace(",", " ").split()]
        return {**said, "events": named}
