"""Forms of bridges and plans."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..bridges.base import Bridge as Plugin
from ..incidents.forms import choices
from ..incidents.models import IncidentType
from ..kernel.found import OneOf
from ..kernel.plugins import all_of
from ..workspaces.models import Workspace
from ..workspaces.queries import visible_to as workspaces_visible_to
from . import queries
from .commands import GROUP
from .models import Bridge, VenuePlan


def _team_field(form: forms.Form, actor: Actor) -> None:
    choices(form.fields["team"], actor.teams_where(Action.MANAGE))
    if not actor.may(Action.ADMINISTER):
        form.fields["team"].required = True
        form.fields["team"].empty_label = None  # type: ignore[attr-defined]


class BridgeForm(forms.Form):
    """A bridge: name, team, and what its kind asks for. Secrets are never shown again."""

    name = forms.CharField(max_length=100, label="Name", help_text="For example “Zoom of Acme”.")
    team = OneOf(Team.objects.none(), required=False, label="Whose", empty_label="Everybody's")

    def __init__(self, *args: Any, actor: Actor, kind: str, bridge: Bridge | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plugin: Plugin = all_of(GROUP)[kind]
        before = bridge.settings if bridge else {}
        _team_field(self, actor)
        if bridge is not None:
            self.initial = {"name": bridge.name, "team": bridge.team_id, **self.initial}
        for each in plugin.fields:
            keeps = each.secret and before.get(each.name)
            widget: forms.Widget = forms.TextInput()
            if each.kind == "password":
                widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
            self.fields[each.name] = forms.CharField(
                required=each.required and not keeps,
                label=each.label,
                help_text=f"{each.help} Leave empty to keep the one that is set.".strip() if keeps else each.help,
                widget=widget,
                max_length=6000,
                initial="" if each.secret else before.get(each.name, ""),
            )
        self.setting_names = [each.name for each in plugin.fields]

    def settings(self) -> dict[str, Any]:
        """What was entered for its kind."""
        return {name: self.cleaned_data.get(name, "") for name in self.setting_names}


class PlanForm(forms.Form):
    """Where people meet, and for which incidents that is made by itself."""

    name = forms.CharField(max_length=100, label="Name", help_text="For example “Everybody's large incidents”.")
    team = OneOf(Team.objects.none(), required=False, label="For the incidents of", empty_label="Everybody")
    workspace = forms.ModelChoiceField(
        Workspace.objects.none(), required=False, label="A channel in", empty_label="No channel"
    )
    bridge = forms.ModelChoiceField(Bridge.objects.none(), required=False, label="A call by", empty_label="No call")
    least_severity = forms.TypedChoiceField(
        coerce=int,
        label="By itself",
        initial=2,
        choices=[
            (0, "Never: when somebody asks"),
            (1, "For SEV1"),
            *((n, f"From SEV1 to SEV{n}") for n in range(2, 6)),
        ],
    )
    types = forms.ModelMultipleChoiceField(
        IncidentType.objects.none(),
        required=False,
        label="Only for these types",
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
    )
    private = forms.BooleanField(
        required=False, label="By itself also for private incidents", help_text="In a private channel."
    )
    drills = forms.BooleanField(required=False, label="By itself also for drills")

    def __init__(self, *args: Any, actor: Actor, plan: VenuePlan | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _team_field(self, actor)
        choices(self.fields["workspace"], workspaces_visible_to(actor))
        choices(self.fields["bridge"], queries.bridges_visible_to(actor))
        types = IncidentType.objects.all()
        choices(self.fields["types"], types)
        if not types:
            del self.fields["types"]
        if plan is not None:
            same = ("name", "least_severity", "types", "private", "drills")
            self.initial = {
                **{name: getattr(plan, name) for name in same},
                **{name: getattr(plan, f"{name}_id") for name in ("team", "workspace", "bridge")},
                **self.initial,
            }

    def values(self) -> dict[str, Any]:
        """For the command."""
        return {**self.cleaned_data, "types": [each.slug for each in self.cleaned_data.get("types", ())]}
