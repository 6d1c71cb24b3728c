"""The form of a chat workspace."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..kernel.asked_forms import SettingsForm
from ..kernel.found import OneOf
from ..kernel.plugins import all_of
from .base import Product, asked_of
from .models import Workspace
from .queries import GROUP


class WorkspaceForm(SettingsForm):
    """A workspace: name, whose it is, and what its product asks for. Secrets are never shown again."""

    name = forms.CharField(max_length=100, label="Name", help_text="For example “Slack of Acme”.")
    team = OneOf(
        Team.objects.none(),
        label="Whose is it?",
        help_text="A team's managers may change it; what is everybody's, only administrators. Everybody may be reached by it.",
    )

    def __init__(self, *args: Any, actor: Actor, kind: str, workspace: Workspace | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product: Product = all_of(GROUP)[kind]
        before = workspace.settings if workspace else {}
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)
        team.queryset = actor.teams_where(Action.MANAGE)
        team.required = not actor.may(Action.ADMINISTER)
        team.empty_label = "Everybody's" if actor.may(Action.ADMINISTER) else None
        known = {"name": workspace.name, "team": workspace.team_id} if workspace else {"name": product.label}
        self.initial = {**known, **self.initial}
        self.ask(asked_of(product), before)
