"""The forms of mitigations, and of what carries them out."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..catalog.queries import services_visible_to
from ..evidence.queries import indicators_visible_to
from ..incidents.forms import choices
from ..kernel.plugins import all_of
from ..runners.base import Field
from ..runners.base import Runner as Plugin
from .commands.runners import GROUP
from .models import Mitigation, Runner
from .queries import runners_visible_to

INPUT = "input_"


def made_of(each: Field, before: dict[str, Any]) -> forms.Field:
    """The form's field for what a plugin asks. Secrets are never shown again."""
    help_text = each.help
    if each.secret and before.get(each.name):
        help_text = f"{each.help} Leave empty to keep the one that is set.".strip()
    shown: dict[str, Any] = {
        "required": each.required and not (each.secret and before.get(each.name)),
        "label": each.label,
        "help_text": help_text,
        "initial": "" if each.secret else before.get(each.name, each.default),
    }
    if each.kind == "choice":
        return forms.ChoiceField(choices=[(value, value) for value in each.choices], **shown)
    widget: forms.Widget = forms.TextInput()
    if each.kind == "password":
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    elif each.kind == "url":
        widget = forms.URLInput()
    elif each.kind == "lines":
        widget = forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
    return forms.CharField(max_length=20_000 if each.kind == "lines" else 2000, widget=widget, **shown)


class MitigationForm(forms.ModelForm):
    """A mitigation; with a runner, also what that shall do (``shown`` says for which runner its questions are there)."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput())

    class Meta:
        model = Mitigation
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
        self.fields["service"].empty_label = "Any service"  # type: ignore[attr-defined]
        self.fields["indicator"].empty_label = "Nothing"  # type: ignore[attr-defined]
        self.fields["runner"].empty_label = "Somebody, by hand"  # type: ignore[attr-defined]
        self.fields["timeout_seconds"].required = False
        chosen = runner or str(self.instance.runner_id or "")
        row = own.filter(pk=int(chosen)).first() if chosen.isdecimal() else None
        plugin: Plugin | None = all_of(GROUP).get(row.kind) if row else None
        self.questions: list[str] = []
        for each in plugin.inputs if plugin else ():
            before = self.instance.inputs if row and self.instance.runner_id == row.pk else {}
            self.fields[INPUT + each.name] = made_of(each, before)
            self.questions.append(each.name)
        self.initial["shown"] = str(row.pk) if row else ""

    def values(self) -> dict[str, Any]:
        """For the command."""
        found = {
            name: value for name, value in self.cleaned_data.items() if name != "shown" and not name.startswith(INPUT)
        }
        found["timeout_seconds"] = found["timeout_seconds"] or 900
        return found | {"inputs": {name: self.cleaned_data.get(INPUT + name, "") for name in self.questions}}


class RunnerForm(forms.Form):
    """A runner: name, team, and what its plugin asks for."""

    name = forms.CharField(max_length=100, label="Name", help_text="For example “Production cluster”.")
    team = forms.ModelChoiceField(Team.objects.none(), label="Team", help_text="Whose managers may use it.")

    def __init__(self, *args: Any, actor: Actor, kind: str, runner: Runner | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plugin: Plugin = all_of(GROUP)[kind]
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        if runner is not None:
            self.initial = {"name": runner.name, "team": runner.team_id, **self.initial}
        for each in plugin.fields:
            self.fields[each.name] = made_of(each, runner.settings if runner else {})
        self.setting_names = [each.name for each in plugin.fields]

    def settings(self) -> dict[str, Any]:
        """What was entered for the plugin."""
        return {name: self.cleaned_data.get(name, "") for name in self.setting_names}
