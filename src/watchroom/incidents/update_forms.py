"""The form of an update: everybody's words, other words for audiences, who is told, and when the next one is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms

from . import rules
from .forms import UpdateForm
from .models import Update, UpdateDraft, UpdateTemplate

_GOES_ON = {Update.Stage.INVESTIGATING, Update.Stage.IDENTIFIED}
_Choices = Sequence[tuple[str, str]]

AUDIENCE_NAMES = {"internal": "Colleagues", "customers": "Customers", "executives": "Executives"}
_LABELS = {"happening": "What is happening", "impact": "Who notices what", "doing": "What we are doing"}


@dataclass(frozen=True)
class PageStates:
    """What a status page says, or would say at first, of each component: its number, name and state. ``opened``: that is
    to be seen at once."""

    slug: str
    name: str
    opened: bool
    states: Sequence[tuple[int, str, str]]


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
        lists: _Choices = (),
        page_states: Sequence[PageStates] = (),
        states: _Choices = (),
        publishing: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._page_states = page_states
        for page in page_states:
            for component, name, state in page.states:
                self.fields[f"state-{component}"] = forms.ChoiceField(
                    label=name,
                    choices=states,
                    initial=state,
                    required=False,
                    show_hidden_initial=True,
                    widget=forms.Select(attrs={"class": "input"}),
                )
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
        if not self.fields["happening"].required:
            return self.cleaned_data
        values = super().clean()
        for page in self._page_states:
            changed = any(f"state-{component}" in self.changed_data for component, _, _ in page.states)
            if changed and page.slug not in values.get("pages", []):
                self.add_error(
                    "pages", f"You have said how the parts of {page.name} are: tick it, or leave them as they were."
                )
        return values

    def wordings(self) -> dict[str, dict[str, str]]:
        """What audiences read in other words."""
        said = self.cleaned_data
        return {
            audience: {part: said.get(f"{audience}-{part}", "") for part in rules.PARTS} for audience in AUDIENCE_NAMES
        }

    def impacts(self) -> dict[int, str] | None:
        """How the components of the ticked pages are; None where nobody has said otherwise than what stood there."""
        ticked = [each for each in self._page_states if each.slug in self.cleaned_data.get("pages", [])]
        fields = {component: f"state-{component}" for page in ticked for component, _, _ in page.states}
        if not any(field in self.changed_data for field in fields.values()):
            return None
        # A component that came after the form was opened is not in it.
        return {component: self.cleaned_data[field] for component, field in fields.items() if self.cleaned_data[field]}

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
    def components(self) -> list[tuple[str, bool, list[forms.BoundField]]]:
        """Each page with how its components are, and whether that is to be seen at once."""
        return [
            (page.name, page.opened, [self[f"state-{component}"] for component, _, _ in page.states])
            for page in self._page_states
            if page.states
        ]

    @property
    def title_field(self) -> forms.BoundField | None:
        return self["title"] if "title" in self.fields else None

    @property
    def telling(self) -> list[forms.BoundField]:
        """Who is told, and when the next one is due."""
        names = ("next_update", "next_update_at", "lists", "pages")
        return [self[name] for name in names if name in self.fields]


def initial_of(
    draft: UpdateDraft | None,
    template: UpdateTemplate | None,
    source: Update | None,
    facts: dict[str, str],
    stage: str,
    *,
    last: Update | None = None,
    corrects: bool = False,
) -> dict[str, Any]:
    """What stands in the form at first: the words of ``source`` (an update that is corrected, or said once more), or the
    draft, or the impact as it was told ``last``, with a template's words put in where it has some."""
    base = source or draft
    if base is not None and (corrects or source is None):
        stage = base.stage
    initial: dict[str, Any] = {"stage": stage, "version": draft.version if draft else 0}
    if base is not None:
        initial |= _words(base, rules.PARTS)
    elif stage in _GOES_ON:  # who is affected stays so until somebody says otherwise, in all words
        initial |= _words(last, ("impact",)) if last is not None else {"impact": facts.get("impact", "")}
    if corrects and source is not None:
        initial["corrects"] = source.pk
    if template is not None:
        prefix = f"{template.audience}-" if template.audience else ""
        for part in rules.PARTS:
            if text := getattr(template, part):
                initial[f"{prefix}{part}"] = rules.filled(text, facts)
        initial["stage"] = template.stage
    return initial


def _words(said: Update | UpdateDraft, parts: Sequence[str]) -> dict[str, str]:
    """Everybody's and each audience's words, as the fields of the form."""
    found = {part: getattr(said, part) for part in parts}
    for audience, others in said.wordings.items():
        found |= {f"{audience}-{part}": text for part, text in others.items() if part in parts}
    return found
