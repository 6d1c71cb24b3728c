"""The forms of mitigations, and of what carries them out."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..catalog.queries import services_visible_to
from ..evidence.queries import indicators_visible_to
from ..incidents.forms import choices
from ..kernel.asked_forms import SettingsForm, field_of
from ..kernel.found import OneOf
from ..kernel.numbers import whole
from ..kernel.plugins import all_of
from ..runners.base import Runner as Plugin
from .commands.runners import GROUP
from .models import Mitigation, MitigationKind, Runner
from .queries import runners_visible_to

INPUT = "input_"


class MitigationForm(forms.ModelForm):
    """A mitigation; with a runner, also what that shall do (``shown`` says for which runner its questions are there)."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput())

    class Meta:
        model = Mitigation
        field_classes: ClassVar = {"team": OneOf, "service": OneOf, "indicator": OneOf}
        fields = (
            "name", "team", "service", "kind", "risk", "how", "check_text", "undo", "indicator", "managers_only",
            "runner", "needs_approval", "timeout_seconds",
        )  # fmt: skip
        labels = {
            "how": "How it is done",
            "indicator": "What is looked at before and after",
            "runner": "Carried out by",
            "timeout_seconds": "Time-out in seconds",
        }
        help_texts = {
            "name": "What it does, as a command: “Roll back checkout”.",
            "check_text": "What to look at, and what it shows when it worked.",
            "indicator": "Its numbers are written into the incident's log some minutes later.",
            "runner": "Save once, then say what it shall do.",
            "needs_approval": "Before a runner carries it out.",
            "timeout_seconds": "After it a runner's work counts as unknown, and somebody has to look.",
        }
        widgets = {
            "how": forms.Textarea(attrs={"rows": 6}),
            "check_text": forms.Textarea(attrs={"rows": 2}),
            "undo": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, actor: Actor, runner: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        choices(self.fields["service"], services_visible_to(actor))
        choices(self.fields["indicator"], indicators_visible_to(actor))
        own = runners_visible_to(actor).filter(team__in=actor.teams_where(Action.MANAGE))
        choices(self.fields["runner"], own)
        self.fields["team"].empty_label = "Choose a team"  # type: ignore[attr-defined]
        self.fields["service"].empty_label = "Any service"  # type: ignore[attr-defined]
        self.fields["indicator"].empty_label = "Nothing"  # type: ignore[attr-defined]
        self.fields["runner"].empty_label = "Somebody, by hand"  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", "Choose a kind"), *MitigationKind.choices]  # type: ignore[attr-defined]
        self.fields["timeout_seconds"].required = False
        chosen = runner or str(self.instance.runner_id or "")
        row = None if (number := whole(chosen)) is None else own.filter(pk=number).first()
        plugin: Plugin | None = all_of(GROUP).get(row.kind) if row else None
        self.questions: list[str] = []
        for each in plugin.inputs if plugin else ():
            before = self.instance.inputs if row and self.instance.runner_id == row.pk else {}
            self.fields[INPUT + each.name] = field_of(each, before)
            self.questions.append(each.name)
        self.initial["shown"] = str(row.pk) if row else ""

    def values(self) -> dict[str, Any]:
        """For the command."""
        found = {
            name: value for name, value in self.cleaned_data.items() if name != "shown" and not name.startswith(INPUT)
        }
        found["timeout_seconds"] = found["timeout_seconds"] or 900
        return found | {"inputs": {name: self.cleaned_data.get(INPUT + name, "") for name in self.questions}}


class RunnerForm(SettingsForm):
    """A runner: name, team, and what its plugin asks for."""

    name = forms.CharField(max_length=100, label="Name", help_text="For example “Production cluster”.")
    team = OneOf(Team.objects.none(), label="Team", empty_label="Choose a team", help_text="Whose managers may use it.")

    def __init__(self, *args: Any, actor: Actor, kind: str, runner: Runner | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plugin: Plugin = all_of(GROUP)[kind]
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        if runner is not None:
            self.initial = {"name": runner.name, "team": runner.team_id, **self.initial}
        self.ask(plugin.fields, runner.settings if runner else {})
