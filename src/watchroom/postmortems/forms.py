"""The form of a postmortem: a text for each section."""

from __future__ import annotations

from typing import Any

from django import forms

from ..incidents.wording import people_named_in
from . import rules

HELP = {
    "summary": "Three sentences that a newcomer understands.",
    "impact": "Who noticed what, how many, for how long.",
    "timeline": "Made from the running log. It is yours now: shorten it, correct it.",
    "detection": "What told us first, and what could have told us sooner?",
    "guidance": "What Watchroom warned of, and what people answered. What helped, and what was noise?",
    "root_cause": "What in the system made it possible? Ask why until the answer is something that can be changed.",
    "factors": "What made it likelier, larger or longer?",
    "went_well": "What should we keep doing?",
    "went_badly": "What was slow, missing or confusing?",
    "lucky": "What could have made it worse, and did not by chance?",
    "lessons": "What helps a team that does not know this system?",
    "no_actions": "Only if nothing should be changed: what speaks against it?",
}


class PostmortemForm(forms.Form):
    """All sections, and the version from which the writer began."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in rules.SECTIONS:
            self.fields[name] = forms.CharField(
                label=rules.NAMES[name],
                required=False,
                max_length=100_000,
                strip=True,
                help_text=HELP[name],
                widget=forms.Textarea(attrs={"rows": {"timeline": 18, "no_actions": 2}.get(name, 7)}),
            )
        for name in rules.NEEDED:  # empty it can be saved, but not published
            self.fields[name].wanted = "needed to publish"  # type: ignore[attr-defined]

    def text_of(self, name: str) -> str:
        """What a section's field shows now."""
        return str(self[name].value() or "")

    @property
    def parts(self) -> list[tuple[forms.BoundField, list[rules.Finding]]]:
        """Each section's field with the words in it that blame."""
        texts = {name: self.text_of(name) for name in rules.SECTIONS}
        people = people_named_in(texts.values())
        return [(self[name], rules.findings(text, people)) for name, text in texts.items()]
