"""The form of an update: everybody's words, other words for audiences, who is told, and when the next one is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from . import rules
from .forms import UpdateForm
from .models import Update, UpdateDraft, UpdateTemplate

AUDIENCE_NAMES = {"internal": "Colleagues", "customers": "Customers", "executives": "Executives"}
_LABELS = {"happening": "What is happening", "impact": "Who notices what", "doing": "What we are doing"}


class DraftForm(UpdateForm):
    """An update being written. What is published goes through the same form."""

    version = forms.IntegerField(widget=forms.HiddenInput, initial=0, min_value=0, required=False)
    corrects = forms.IntegerField(widget=forms.HiddenInput, required=False)
    lists = forms.MultipleChoiceField(label="Tell", required=False, widget=forms.CheckboxSelectMultiple)
    title = forms.CharField(
        label="What strangers read above it",
        max_length=200,
        required=False,
        help_text="Empty: it stays as it is, or names the components at first.",
    )
    field_order = ("version", "corrects", "stage", "happening", "impact", "doing")

    def __init__(
        self,
        *args: Any,
        lists: Sequence[tuple[str, str]] = (),
        publishing: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if "pages" not in self.fields:
            del self.fields["title"]
        if lists:
            cast(forms.MultipleChoiceField, self.fields["lists"]).choices = lists
        else:
            del self.fields["lists"]
        for audience, name in AUDIENCE_NAMES.items():
            for part in rules.PARTS:
                self.fields[f"{audience}-{part}"] = forms.CharField(
                    label=f"{_LABELS[part]}, for {name.lower()}",
                    required=False,
                    widget=forms.Textarea(attrs={"rows": 2}),
                )
        if not publishing:  # a draft may be anything
            self.fields["happening"].required = False

    def clean(self) -> dict[str, Any]:
        return super().clean() if self.fields["happening"].required else self.cleaned_data

    def wordings(self) -> dict[str, dict[str, str]]:
        """What audiences read in other words."""
        said = self.cleaned_data
        return {
            audience: {part: said.get(f"{audience}-{part}", "") for part in rules.PARTS} for audience in AUDIENCE_NAMES
        }

    def texts(self) -> list[str]:
        """All that somebody would read."""
        names = [*rules.PARTS, "title", *(f"{audience}-{part}" for audience in AUDIENCE_NAMES for part in rules.PARTS)]
        return [str(self.cleaned_data.get(name) or "") for name in names]

    @property
    def main(self) -> list[forms.BoundField]:
        """Everybody's words."""
        return [self[name] for name in ("stage", "happening", "impact", "doing")]

    @property
    def audiences(self) -> list[tuple[str, bool, list[forms.BoundField]]]:
        """Each audience with its own words, and whether it has some."""
        found = []
        for audience, name in AUDIENCE_NAMES.items():
            fields = [self[f"{audience}-{part}"] for part in rules.PARTS]
            found.append((name, any(field.value() for field in fields), fields))
        return found

    @property
    def telling(self) -> list[forms.BoundField]:
        """Who is told, and when the next one is due."""
        names = ("next_update", "next_update_at", "lists", "pages", "title")
        return [self[name] for name in names if name in self.fields]


def initial_of(
    draft: UpdateDraft | None,
    template: UpdateTemplate | None,
    corrected: Update | None,
    facts: dict[str, str],
    stage: str,
) -> dict[str, Any]:
    """What stands in the form at first: what is corrected, or the draft, with a template's words put in where it has
    some."""
    source = corrected or draft
    initial: dict[str, Any] = {"stage": source.stage if source else stage, "version": draft.version if draft else 0}
    if source is not None:
        initial |= {part: getattr(source, part) for part in rules.PARTS}
        for audience, parts in source.wordings.items():
            initial |= {f"{audience}-{part}": text for part, text in parts.items()}
    else:
        initial["impact"] = facts.get("impact", "")
    if corrected is not None:
        initial["corrects"] = corrected.pk
    if template is not None:
        prefix = f"{template.audience}-" if template.audience else ""
        for part in rules.PARTS:
            if text := getattr(template, part):
                initial[f"{prefix}{part}"] = rules.filled(text, facts)
        initial["stage"] = template.stage
    return initial
