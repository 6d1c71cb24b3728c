"""The form of a mitigation."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..catalog.queries import services_visible_to
from ..incidents.forms import choices
from .models import Mitigation


class MitigationForm(forms.ModelForm):
    class Meta:
        model = Mitigation
        fields = ("name", "team", "service", "kind", "risk", "how", "check_text", "undo")
        labels = {"how": "How it is done"}
        help_texts = {
            "name": "What it does, as a command: “Roll back checkout”.",
            "check_text": "What to look at, and what it shows when it worked.",
        }
        widgets = {
            "how": forms.Textarea(attrs={"rows": 6}),
            "check_text": forms.Textarea(attrs={"rows": 2}),
            "undo": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        choices(self.fields["service"], services_visible_to(actor))
        self.fields["service"].empty_label = "Any service"  # type: ignore[attr-defined]
