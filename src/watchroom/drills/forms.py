"""What the pages of drills send: a scenario with any number of injects and expectations, and a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse_lazy

from ..accounts.actors import Actor
from ..accounts.models import Membership, Person, Team
from ..accounts.roles import Action, Role
from ..catalog.models import Service
from ..catalog.queries import services_visible_to
from ..incidents.forms import choices
from ..intake.trying import labels_in
from ..kernel.found import FoundSelect, FoundSelectMultiple
from ..kernel.local_time import LocalTime
from ..kernel.numbers import whole
from . import rules
from .models import Drill, Scenario

PEOPLE, SERVICES = reverse_lazy("choices-people"), reverse_lazy("choices-services")
OWN_SERVICES = reverse_lazy("choices-own-services")
SCENARIOS = reverse_lazy("choices-own-scenarios")
_WORDS = ("labels", "annotations")
_OF_INJECT = ("minutes", "title", "text", "key", *_WORDS, "alert", "role", "hint")
_OF_EXPECTATION = ("minutes", "role", "severity")


def _labels(written: str) -> dict[str, str]:
    return labels_in(written.replace("\r\n", "\n"))


@dataclass
class Draft:
    """A scenario as it is being written. ``injects`` and ``expectations`` hold what the fields hold."""

    team: str = ""
    name: str = ""
    story: str = ""
    services: list[str] = field(default_factory=list)
    severity: str = "2"
    minutes: str = "45"
    injects: list[dict[str, Any]] = field(default_factory=list)
    expectations: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, row: Scenario) -> Draft:
        """As it was saved."""
        injects = [
            {**each, **{kept: "\n".join(starmap(_word, _words(each.get(kept)).items())) for kept in _WORDS}}
            for each in row.injects
            if isinstance(each, dict)
        ]
        services = [str(pk) for pk in row.services.values_list("pk", flat=True)]
        return cls(row.team.slug, row.name, row.story, services, str(row.severity), str(row.minutes), injects, [each for each in row.expectations if isinstance(each, dict)])  # fmt: skip

    @classmethod
    def read(cls, sent: QueryDict) -> Draft:
        """As a page sends it."""

        def rows(prefix: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
            count = min(whole(sent.get(f"{prefix}-rows", "0"), 3) or 0, rules.story.MOST)
            numbered = range(count)
            return [
                {"kind": sent.get(f"{prefix}-kind-{n}", "")}
                | {name: sent.get(f"{prefix}-{name}-{n}", "") for name in names}
                for n in numbered
            ]

        one = {name: sent.get(name, "") for name in ("team", "name", "story", "severity", "minutes")}
        return cls(**one, services=sent.getlist("services"), injects=rows("i", _OF_INJECT), expectations=rows("e", _OF_EXPECTATION))  # fmt: skip

    def turn(self, what: str) -> int | None:
        """What a button of the list does: adds a part or takes one away. Returns the number of a new inject."""
        verb, _, rest = what.partition(":")
        number = whole(rest, 3)
        if verb == "add" and rest in rules.INJECTS:
            last = max((whole(str(each.get("minutes", "")), 4) or 0 for each in self.injects), default=0)
            self.injects.append({"kind": rest, "minutes": str(last + 5) if self.injects else "0"})
            return len(self.injects) - 1
        if verb == "expect" and rest in rules.EXPECTATIONS:
            self.expectations.append({"kind": rest, "minutes": "10", "role": "commander", "severity": "2"})
        elif verb == "remove" and number is not None and number < len(self.injects):
            del self.injects[number]
        elif verb == "forget" and number is not None and number < len(self.expectations):
            del self.expectations[number]
        return None

    def said(self) -> dict[str, Any]:
        """For the command. :raises Refused: labels can't be read."""
        injects = [
            _without_nothing(each | {kept: _labels(str(each.get(kept, ""))) for kept in _WORDS})
            for each in self.injects
        ]
        expected = []
        for each in self.expectations:
            kind = each["kind"]
            names = ["kind", *(["minutes"] if kind in rules.story.TIMED else [])]
            names += ["role"] if kind == "role" else ["severity"] if kind == "severity" else []
            expected.append({name: each.get(name, "") for name in names})
        return {
            "name": self.name,
            "story": self.story,
            "severity": whole(self.severity, 2) or 0,
            "minutes": whole(self.minutes, 4) or 0,
            "injects": injects,
            "expectations": expected,
        }


_PLAIN = re.compile(r"[^\s\"'\\]*")


def _quoted(text: str, *, name: bool = False) -> str:
    """In quotes, where a shell would read it otherwise, or a ``name`` would end too early."""
    return (
        text
        if _PLAIN.fullmatch(text) and not (name and "=" in text)
        else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )


def _word(name: str, value: str) -> str:
    """A label as :func:`_labels` reads it."""
    return f"{_quoted(name, name=True)}={_quoted(value)}"


def _words(kept: object) -> dict[str, str]:
    """Labels of one that an older version has kept otherwise can be written anew."""
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def _without_nothing(each: Mapping[str, Any]) -> dict[str, Any]:
    takes = {
        "alert": {"title", "text", "key", *_WORDS},
        "alert_ends": {"alert"},
        "message": {"title", "text"},
        "fact": {"title", "text", "hint"},
        "role_leaves": {"role"},
    }.get(str(each.get("kind")), set())
    return {name: value for name, value in each.items() if name in takes | {"kind", "minutes"} and value not in ("", {}, None)}  # fmt: skip


class ServicesForm(forms.Form):
    """Which services a scenario is about."""

    services: forms.ModelMultipleChoiceField[Service] = forms.ModelMultipleChoiceField(
        Service.objects.none(), label="Services", required=False, widget=FoundSelectMultiple(SERVICES),
        help_text="In labels and texts {service} is its short name and {service_name} its name; of several, the first by name.",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "%s", **kwargs})
        choices(self.fields["services"], services_visible_to(actor))


class BreaksForm(forms.Form):
    """For which service a scenario of the library becomes a team's own."""

    service: forms.ModelChoiceField[Service] = forms.ModelChoiceField(
        Service.objects.none(), label="What breaks", empty_label=None, widget=FoundSelect(OWN_SERVICES)
    )

    def __init__(self, *args: Any, offered: QuerySet[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["service"], offered)


class PlanForm(forms.Form):
    """When a scenario is practised, who facilitates, who takes part, whom it pages."""

    scenario: forms.ModelChoiceField[Scenario] = forms.ModelChoiceField(
        Scenario.objects.none(), label="Scenario", widget=FoundSelect(SCENARIOS), empty_label="Type a part of its name"
    )
    planned_for = LocalTime("When", "Nothing happens by itself then: whoever facilitates starts it.")
    facilitator: forms.ModelChoiceField[Person] = forms.ModelChoiceField(
        Person.objects.none(), label="Who facilitates", widget=FoundSelect(PEOPLE), empty_label=None,
        help_text="Reads the story, sees what comes next, and takes no part.",
    )  # fmt: skip
    participants: forms.ModelMultipleChoiceField[Person] = forms.ModelMultipleChoiceField(
        Person.objects.none(), label="Who takes part", required=False, widget=FoundSelectMultiple(PEOPLE),
        help_text="They are told when, not what.",
    )  # fmt: skip
    pages = forms.ChoiceField(
        choices=[(str(value), str(label)) for value, label in reversed(Drill.Pages.choices)], label="Its alerts page",
        widget=forms.RadioSelect, initial=Drill.Pages.PARTICIPANTS, help_text="Every page says first that it is a drill.",
    )  # fmt: skip
    surprise = forms.BooleanField(
        label="A surprise",
        required=False,
        help_text="Nobody who takes part is told ahead. Takes a manager of the team.",
    )

    def __init__(self, *args: Any, actor: Actor, drill: Drill | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Person.objects.filter(is_active=True)
        teams = actor.teams_where(Action.RESPOND)
        choices(self.fields["scenario"], Scenario.objects.filter(team__in=teams))
        choices(self.fields["facilitator"], people)
        choices(self.fields["participants"], people)
        if drill is not None:
            del self.fields["scenario"]

    def values(self) -> dict[str, Any]:
        """For the command."""
        return {name: value for name, value in self.cleaned_data.items() if name != "scenario"}


class PracticeForm(forms.Form):
    """Every how many weeks a team practises, from when on, and who facilitates in turn."""

    weeks = forms.IntegerField(label="Every … weeks", min_value=1, max_value=26, initial=4)
    next_at = LocalTime("The next time", "It comes again at this time of day. Each drill is planned six days before.")
    facilitators: forms.ModelMultipleChoiceField[Person] = forms.ModelMultipleChoiceField(
        Person.objects.none(), label="Who facilitates, in turn", widget=FoundSelectMultiple(PEOPLE)
    )
    scenario: forms.ModelChoiceField[Scenario] = forms.ModelChoiceField(
        Scenario.objects.none(),
        label="Scenario",
        required=False,
        empty_label="By chance, of those not practised for long",
        widget=FoundSelect(SCENARIOS),
    )
    pages = forms.ChoiceField(
        choices=[(str(value), str(label)) for value, label in reversed(Drill.Pages.choices)], label="Its alerts page",
        widget=forms.RadioSelect, initial=Drill.Pages.PARTICIPANTS,
    )  # fmt: skip

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["facilitators"], Person.objects.filter(is_active=True))
        choices(self.fields["scenario"], Scenario.objects.filter(team=team))
        self.fields["scenario"].widget.attrs["data-find"] = f"{SCENARIOS}?team={team.slug}"


def members_of(team: Team, but: Person | None) -> list[int]:
    """Who usually takes part: everybody who responds for a team, without whoever facilitates."""
    rows = Membership.objects.filter(team=team, role__gte=Role.RESPONDER, person__is_active=True)
    return [pk for pk in rows.values_list("person", flat=True)[:12] if but is None or pk != but.pk]
