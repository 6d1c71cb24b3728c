"""Forms of connections and indicators."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..connectors.base import Connector
from ..incidents.forms import choices
from ..kernel.asked_forms import SettingsForm
from ..kernel.found import OneOf
from ..kernel.plugins import all_of
from . import queries
from .commands.connections import GROUP
from .models import Connection, Indicator
from .rules.units import UNITS


class ConnectionForm(SettingsForm):
    """A connection: name, team, and what its connector asks for. Secrets are never shown again."""

    name = forms.CharField(max_length=100, label="Name")
    team = OneOf(Team.objects.none(), label="Team")

    def __init__(
        self, *args: Any, actor: Actor, kind: str, connection: Connection | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        connector: Connector = all_of(GROUP)[kind]
        before = connection.settings if connection else {}
        self.fields["name"].help_text = f"For example “{connector.label}, production”."
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        if connection is not None:
            self.initial = {"name": connection.name, "team": connection.team_id, **self.initial}
        self.ask(connector.fields, before)


class IndicatorForm(forms.Form):
    """What a service is judged by."""

    kind = forms.ChoiceField(choices=Indicator.Kind.choices, label="What does it show?")
    name = forms.CharField(max_length=100, required=False, label="Name", help_text="Left empty, it is the kind's.")
    connection = forms.ModelChoiceField(Connection.objects.none(), label="Asked of", empty_label=None)
    expression = forms.CharField(
        max_length=4000,
        label="Expression",
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text=(
            "Metrics: PromQL. Logs: LogQL. Traces: the service's name there (or TraceQL). Annotations and dashboards: tags "
            "with commas. $service is the service's short name, $labels.region a label, $labels all labels of the service "
            "as matchers."
        ),
    )
    unit = forms.ChoiceField(choices=list(UNITS.items()), required=False, label="Unit")
    threshold = forms.FloatField(required=False, label="Threshold", help_text="Drawn as a line. May stay empty.")
    worse = forms.ChoiceField(
        choices=[("above", "above the threshold"), ("below", "below the threshold")], initial="above", label="Bad is"
    )
    position = forms.IntegerField(required=False, min_value=0, max_value=32767, initial=0, label="Position")

    def __init__(self, *args: Any, actor: Actor, indicator: Indicator | None = None, **kwargs: Any) -> None:
        if indicator is not None:
            names = ("kind", "name", "expression", "unit", "threshold", "worse", "position")
            kwargs["initial"] = {
                **{name: getattr(indicator, name) for name in names},
                "connection": indicator.connection_id,
            }
        super().__init__(*args, **kwargs)
        choices(self.fields["connection"], queries.connections_visible_to(actor))

    def values(self) -> dict[str, Any]:
        """For the command."""
        return {**self.cleaned_data, "position": self.cleaned_data.get("position") or 0}
