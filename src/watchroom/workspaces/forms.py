"""The form of a chat workspace."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..kernel.plugins import all_of
from .base import Product
from .models import Workspace
from .queries import GROUP


class WorkspaceForm(forms.Form):
    """A workspace: name, whose it is, and what its product asks for. Secrets are never shown again."""

    name = forms.CharField(max_length=100, label="Name", help_text="For example “Slack of Acme”.")
    team = forms.ModelChoiceField(
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
        if workspace is not None:
            self.initial = {"name": workspace.name, "team": workspace.team_id, **self.initial}
        for each in product.fields:
            keeps = each.secret and bool(before.get(each.name))
            self.fields[each.name] = forms.CharField(
                required=each.required and not keeps,
                label=each.label,
                help_text=f"{each.help} Leave empty to keep the one that is set.".strip() if keeps else each.help,
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
                if each.kind == "password"
                else forms.URLInput()
                if each.kind == "url"
                else forms.TextInput(),
                max_length=2000,
                initial="" if each.secret else before.get(each.name, ""),
            )
        self.setting_names = [each.name for each in product.fields]

    def settings(self) -> dict[str, Any]:
        """What was entered for the product."""
        return {name: self.cleaned_data.get(name, "") for name in self.setting_names}
