"""Forms whose fields an incident type asks for, and the form of a type itself."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import QueryDict

from ..accounts.models import Person
from ..kernel.found import OneOf
from ..kernel.local_time import LocalDay
from ..kernel.numbers import whole
from .models import Incident, IncidentType
from .rules import custom_fields as custom

PREFIX = "field-"
KINDS = {
    "text": "Text",
    "number": "Number",
    "choice": "Choice",
    "date": "Date",
    "person": "Person",
    "link": "Link",
}
REQUIRED = {"never": "May stay empty", "declared": "Asked when declared", "resolved": "Asked before it is resolved"}
BLANK_ROWS = 3


def _field(asked: custom.Field, *, required: bool) -> forms.Field:
    common: dict[str, Any] = {"label": asked.label, "help_text": asked.help, "required": required}
    if asked.kind == "number":
        return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **common)
    if asked.kind == "choice":
        return forms.ChoiceField(choices=[("", "–"), *((each, each) for each in asked.options)], **common)
    if asked.kind == "date":
        return LocalDay(**common)
    if asked.kind == "person":
        people = Person.objects.filter(is_active=True)
        return OneOf(people, empty_label="–", **common)
    if asked.kind == "link":
        return forms.URLField(assume_scheme="https", **common)
    return forms.CharField(max_length=2000, **common)


class AskingForm(forms.Form):
    """A form with a type, and with the fields of the type that is chosen in it."""

    type: forms.ModelChoiceField[IncidentType] = forms.ModelChoiceField(
        IncidentType.objects.none(),
        label="What kind of incident?",
        required=False,
        empty_label="No particular kind",
        to_field_name="slug",
    )

    def ask(self, incident: Incident | None = None, chosen: str | None = None) -> None:
        """Offer the types and ask what the chosen one asks (``chosen``: its slug, before anything was sent). Call this
        at the end of ``__init__``."""
        types = IncidentType.objects.filter(offered=True)
        if incident is not None and incident.type_id:
            types |= IncidentType.objects.filter(pk=incident.type_id)
        offered = list(types)
        cast("forms.ModelChoiceField[IncidentType]", self.fields["type"]).queryset = types
        slug = self.data.get("type", "") if self.is_bound else (chosen or "")
        type = next((each for each in offered if each.slug == slug), None)
        if not offered:
            del self.fields["type"]
        self.asked = custom.read(type.fields) if type else ()
        if type and not self.is_bound:
            self.initial["type"] = type.slug
        wanted = {"declared"} if incident is None or incident.is_open else {"declared", "resolved"}
        for each in self.asked:
            self.fields[PREFIX + each.key] = _field(each, required=each.required in wanted)
            if incident is not None and each.key in incident.custom:
                self.initial[PREFIX + each.key] = incident.custom[each.key]

    def answers(self) -> dict[str, Any]:
        """What was answered, by the key of the field."""
        found = {}
        for each in self.asked:
            value = self.cleaned_data[PREFIX + each.key]
            found[each.key] = value.pk if isinstance(value, Person) else value
        return found

    @property
    def asking(self) -> list[forms.BoundField]:
        """The fields of the chosen type."""
        return [self[PREFIX + each.key] for each in self.asked]


class TypeOfForm(AskingForm):
    """Of which type an incident is, and what it answers."""

    def __init__(self, *args: Any, incident: Incident, chosen: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask(incident, incident.type.slug if chosen is None and incident.type else chosen)


def rows_of(given: QueryDict) -> list[dict[str, Any]]:
    """The fields of a type as a page sends them, row by row; a row without key and name is none."""
    count = whole(given.get("rows", "")) or 0
    found = []
    for number in range(min(count, custom.MOST + BLANK_ROWS)):
        said = {
            name: given.get(f"{name}-{number}", "").strip()
            for name in ("key", "label", "kind", "options", "required", "help")
        }
        if not said["label"] and not said["key"]:
            continue
        key = said["key"] or "_".join("".join(c if c.isalnum() else " " for c in said["label"].lower()).split())[:40]
        found.append(
            {
                **said,
                "key": key,
                "options": [each for each in said["options"].split(",") if each.strip()],
                "shown": bool(given.get(f"shown-{number}")),
                "filtered": bool(given.get(f"filtered-{number}")),
            }
        )
    return found
