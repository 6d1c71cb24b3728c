"""The form's fields of what a plugin asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from .asked import MOST, MOST_LINES, Field


def field_of(each: Field, before: Mapping[str, Any], *, may_be_replaced: bool = False) -> forms.Field:
    """The form's field for one setting; ``before``: what is set. Secrets are never shown again. ``may_be_replaced``: another
    one can take its place, so that only the command can say whether it is missing."""
    keeps = each.secret and bool(before.get(each.name))
    common: dict[str, Any] = {
        "required": each.required and not keeps and not may_be_replaced,
        "label": each.label,
        "help_text": f"{each.help} Leave empty to keep the one that is set.".strip() if keeps else each.help,
        "initial": "" if each.secret else before.get(each.name, each.default),
    }
    if each.kind == "choice":
        return forms.ChoiceField(choices=[(value, value) for value in each.choices], **common)
    widget: forms.Widget = forms.TextInput()
    if each.kind == "password":
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    elif each.kind == "url":
        widget = forms.URLInput()
    elif each.kind == "lines":
        widget = forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
    return forms.CharField(max_length=MOST_LINES if each.kind == "lines" else MOST, widget=widget, **common)


class SettingsForm(forms.Form):
    """A form that also asks for a plugin's settings."""

    def ask(self, fields: Iterable[Field], before: Mapping[str, Any]) -> None:
        """Add the fields. Call it at the end of ``__init__``. A setting that is called as a field of the form's own (a
        Mattermost's team) has another name in the form."""
        asked, own = list(fields), set(self.fields)
        self.asked = {each.name: f"its-{each.name}" if each.name in own else each.name for each in asked}
        replaceable = {name for each in asked for name in each.instead_of}
        for each in asked:
            may_be_replaced = each.name in replaceable
            self.fields[self.asked[each.name]] = field_of(each, before, may_be_replaced=may_be_replaced)

    def settings(self) -> dict[str, Any]:
        """What was entered for the plugin."""
        return {setting: self.cleaned_data.get(name, "") for setting, name in self.asked.items()}

    def refuse(self, setting: str, text: str) -> None:
        """Show what is wrong at the setting, or else at the form's own field of that name, or on top."""
        name = self.asked.get(setting, setting)
        self.add_error(name if name in self.fields else None, text)
