"""The form of a workflow: all that it can be, with any number of actions in any order. What a page sends is read here, row by
row; what it means is checked by the command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from ..accounts.models import Team
from ..incidents.models import IncidentState, IncidentType, RoleName, UpdateTemplate
from ..kernel.errors import Refused
from ..kernel.numbers import whole
from ..mitigations.models import Mitigation
from ..oncall.models import Schedule
from ..outgoing.models import Webhook
from ..paging.conditions import DAYS, WORKDAYS
from ..paging.models import EscalationPolicy
from ..status.models import StatusPage
from ..workspaces.models import Workspace
from .commands import MOST_ACTIONS
from .deeds import DEEDS
from .models import Workflow

OFFERED = {
    "incident.declared": "An incident is declared",
    "incident.severity_changed": "Its severity is changed",
    "incident.state_changed": "It enters another state of the same phase",
    "incident.mitigated": "It is mitigated",
    "incident.resolved": "It is resolved",
    "incident.reopened": "It is reopened",
    "role.accepted": "Somebody accepts a role",
    "update.published": "An update is published",
    "mitigation.finished": "Somebody says how a mitigation went",
}
_WORDS = "{severity}, {title}, {number} and {link} are filled in."


@dataclass(frozen=True)
class Asked:
    """A field of an action. ``kind``: how it is asked: ``words`` (several, with spaces between), ``text``, ``lines``,
    ``number``, ``yes``, ``one`` or ``many`` of what ``of`` offers."""

    name: str
    label: str
    kind: str = "text"
    of: str = ""
    help: str = ""


ASKED: dict[str, tuple[Asked, ...]] = {
    "page": (
        Asked("people", "People", "words", help="E-mail addresses, with spaces between."),
        Asked("teams", "Teams", "many", "teams"),
        Asked("policy", "By a policy", "one", "policies"),
        Asked("text", "What they read", help=f"Left out: severity and title. {_WORDS}"),
    ),
    "role": (
        Asked("role", "Role", "one", "roles"),
        Asked("schedule", "Whoever is on call in", "one", "schedules"),
        Asked("person", "Or this person", help="An e-mail address, where no schedule is chosen."),
    ),
    "channel": (),
    "call": (),
    "tasks": (
        Asked("lines", "Tasks", "lines", help=f"One on each line. {_WORDS}"),
        Asked("assignee", "For", help="An e-mail address; left out: whoever takes it."),
    ),
    "update": (
        Asked("template", "From the template", "one", "templates"),
        Asked("publish", "Publish it at once", "yes", help="Otherwise it is a draft for the communications lead."),
        Asked("pages", "Show it on", "many", "pages", "Where it is published at once."),
    ),
    "next_update": (Asked("minutes", "Within so many minutes", "number"),),
    "post": (
        Asked("workspace", "Chat", "one", "workspaces"),
        Asked("room", "Room", help="Such as #alerts."),
        Asked("text", "What is posted", help=_WORDS),
    ),
    "webhook": (Asked("webhook", "Webhook", "one", "webhooks"),),
    "mitigation": (
        Asked("mitigation", "Mitigation", "one", "mitigations", "It becomes a task; nobody carries it out by itself."),
    ),
    "log": (Asked("text", "What is written", help=_WORDS),),
}


def _named(model: Any) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [
        (slug, str(name)) for slug, name in model.objects.order_by("name", "pk").values_list("slug", "name")
    ]


_CHOICES: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "teams": _named(Team),
    "policies": _named(EscalationPolicy),
    "roles": lambda: [(str(value), str(label)) for value, label in RoleName.choices],
    "schedules": _named(Schedule),
    "templates": _named(UpdateTemplate),
    "pages": _named(StatusPage),
    "workspaces": _named(Workspace),
    "webhooks": _named(Webhook),
    "mitigations": _named(Mitigation),
    "types": _named(IncidentType),
    "states": _named(IncidentState),
}


@dataclass
class Draft:
    """A workflow as it stands in the form."""

    name: str = ""
    team: str = ""
    triggers: list[str] = field(default_factory=list)
    conditions: dict[str, Any] = field(default_factory=dict)
    actions: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, row: Workflow) -> Draft:
        team = row.team.slug if row.team else ""
        return cls(row.name, team, list(row.triggers), dict(row.conditions), [dict(each) for each in row.actions])

    @classmethod
    def read(cls, said: QueryDict) -> Draft:
        """What a page sent."""
        return cls(
            name=said.get("name", "").strip(),
            team=said.get("team", ""),
            triggers=[*said.getlist("triggers"), *_words(said.get("more_triggers", ""))],
            conditions=_conditions(said),
            actions=[_action(said, number) for number in range(_count(said))],
        )

    def turn(self, what: str) -> int | None:
        """Do what a button of the list says: ``add``, ``up:2``, ``down:2``, ``remove:2``. Returns which row to look at."""
        verb, _, said = what.partition(":")
        if verb == "add" and said in DEEDS and len(self.actions) < MOST_ACTIONS:
            self.actions.append({"do": said})
            return len(self.actions) - 1
        number = whole(said, 3)
        if verb not in {"up", "down", "remove"} or number is None or number >= len(self.actions):
            return None
        action = self.actions.pop(number)
        if verb == "remove":
            return min(number, len(self.actions) - 1) if self.actions else None
        to = max(0, number - 1) if verb == "up" else number + 1
        self.actions.insert(to, action)
        return min(to, len(self.actions) - 1)


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _count(said: QueryDict) -> int:
    return min(whole(said.get("rows", ""), 3) or 0, MOST_ACTIONS)


def _action(said: QueryDict, number: int) -> dict[str, Any]:
    kind = said.get(f"do-{number}", "")
    read: dict[str, Any] = {"do": kind}
    for asked in ASKED.get(kind, ()):
        name = f"{asked.name}-{number}"
        text = said.get(name, "").strip()
        value: Any = text
        if asked.kind == "words":
            value = _words(text)
        elif asked.kind == "lines":
            value = [line.strip() for line in text.splitlines() if line.strip()]
        elif asked.kind == "many":
            value = said.getlist(name)
        elif asked.kind == "yes":
            value = bool(text)
        elif asked.kind == "number" and (written_number := whole(text, 6)) is not None:
            value = written_number
        if value not in ("", [], False):
            read[asked.name] = value
    return read


def _conditions(said: QueryDict) -> dict[str, Any]:
    start, end = said.get("start", "").strip(), said.get("end", "").strip()
    hours = {
        "zone": said.get("zone", "").strip() or "UTC",
        "start": start,
        "end": end,
        "days": [day for day in DAYS if day in said.getlist("days")],
        "outside": said.get("outside") == "yes",
    }
    return {
        "severities": [int(each) for each in said.getlist("severities") if each in {"1", "2", "3", "4", "5"}],
        **{name: said.getlist(name) for name in ("types", "states", "teams")},
        "services": _words(said.get("services", "")),
        "labels": dict(_label(line) for line in said.get("labels", "").splitlines() if line.strip()),
        "hours": hours if start or end else None,
        "private": bool(said.get("private")),
        "drills": bool(said.get("drills")),
    }


def _label(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip().strip('"')


def check(draft: Draft) -> None:
    """What only the page can get wrong.

    :raises Refused: half a time, or a label without a value.
    """
    hours = draft.conditions.get("hours")
    if hours and not (hours["start"] and hours["end"]):
        raise Refused("Hours have a beginning and an end.", field="hours", value=hours["start"], fix="Say both times.")
    for name, value in (draft.conditions.get("labels") or {}).items():
        if not name or not value:
            raise Refused("That is no label.", field="labels", value=name or value, fix="Write env=production.")


def shown(draft: Draft, *, look_at: int | None, error: Any) -> dict[str, Any]:
    """All that the page needs of a draft. A query for each kind of thing that it offers, however many actions there are."""
    offered: dict[str, list[tuple[str, str]]] = {}

    def choices(of: str) -> list[tuple[str, str]]:
        if of not in offered:
            offered[of] = _CHOICES[of]()
        return offered[of]

    wrong, about = _wrong(error)
    met, hours = draft.conditions, draft.conditions.get("hours") or {}
    return {
        "draft": draft,
        "offered": OFFERED.items(),
        "more_triggers": " ".join(each for each in draft.triggers if each not in OFFERED),
        "severities": [(level, level in (met.get("severities") or ())) for level in range(1, 6)],
        "picks": [
            (name, label, _with(choices(name), met.get(name) or ()), met.get(name) or ())
            for name, label in (("types", "Types"), ("states", "States"), ("teams", "Teams"))
        ],
        "services": " ".join(met.get("services") or ()),
        "labels": "\n".join(f"{name}={value}" for name, value in (met.get("labels") or {}).items()),
        "hours": hours,
        "days": [(day, day.capitalize(), day in (hours.get("days") or WORKDAYS)) for day in DAYS],
        "rows": [
            {
                "number": number,
                "do": action["do"],
                "label": DEEDS[action["do"]].label if action["do"] in DEEDS else action["do"],
                "first": number == 0,
                "last": number == len(draft.actions) - 1,
                "look": number == look_at,
                "error": error if wrong == number else None,
                "fields": [
                    _filled(asked, action, number, choices, invalid=wrong == number and about == asked.name)
                    for asked in ASKED.get(action["do"], ())
                ],
            }
            for number, action in enumerate(draft.actions)
        ],
        "kinds": [(name, each.label) for name, each in DEEDS.items()],
        "full": len(draft.actions) >= MOST_ACTIONS,
        "error": error,
    }


def _filled(
    asked: Asked,
    action: Mapping[str, Any],
    number: int,
    choices: Callable[[str], list[tuple[str, str]]],
    *,
    invalid: bool,
) -> dict[str, Any]:
    value = action.get(asked.name, "")
    chosen = list(value) if isinstance(value, list) else [value] if value else []
    texts = {"words": " ", "lines": "\n"}
    return {
        "asked": asked,
        "id": f"{asked.name}-{number}",
        "value": texts[asked.kind].join(chosen) if asked.kind in texts else value,
        "chosen": chosen,
        "choices": _with(choices(asked.of), chosen) if asked.of else [],
        "invalid": invalid,
    }


def _with(offered: list[tuple[str, str]], chosen: Iterable[str]) -> list[tuple[str, str]]:
    """Also what is chosen and there no longer, so that nothing is lost unseen."""
    known = {slug for slug, _ in offered}
    return [*offered, *((each, f"{each} (gone)") for each in chosen if each and each not in known)]


def _wrong(error: Any) -> tuple[int | None, str]:
    """``actions[2].room``: which row, and which field of it."""
    head, _, name = str(getattr(error, "field", "") or "").partition("].")
    number = whole(head.removeprefix("actions["))
    return (number, name) if name and number is not None else (None, "")
