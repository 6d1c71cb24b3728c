"""The form of a workflow: one action of each kind, in the order in which they stand there. More, or another order, by
API, command line and file."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..catalog.models import Service
from ..incidents.forms import choices
from ..incidents.models import IncidentType, RoleName, UpdateTemplate
from ..mitigations.models import Mitigation
from ..oncall.models import Schedule
from ..outgoing.models import Webhook
from ..paging.models import EscalationPolicy
from ..workspaces.models import Workspace
from .commands import TRIGGERS
from .models import Workflow

OFFERED = {
    "incident.declared": "An incident is declared",
    "incident.severity_changed": "Its severity is changed",
    "incident.mitigated": "It is mitigated",
    "incident.resolved": "It is resolved",
    "incident.reopened": "It is reopened",
    "role.accepted": "Somebody accepts a role",
    "update.published": "An update is published",
    "mitigation.finished": "Somebody says how a mitigation went",
}
_HELP = "{severity}, {title}, {number} and {link} are filled in."


def _pick(model: Any, label: str, help_text: str = "", empty: str = "–") -> forms.ModelChoiceField[Any]:
    return forms.ModelChoiceField(
        model.objects.all(), required=False, label=label, to_field_name="slug", help_text=help_text, empty_label=empty
    )


class WorkflowForm(forms.Form):
    """When, and, then."""

    name = forms.CharField(max_length=80, label="Name", help_text="Such as “SEV1 declared”.")
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, label="For the incidents of", empty_label="Everybody"
    )
    triggers = forms.MultipleChoiceField(
        choices=list(OFFERED.items()), label="When", widget=forms.CheckboxSelectMultiple
    )
    severities = forms.MultipleChoiceField(
        choices=[(str(n), f"SEV{n}") for n in range(1, 6)],
        required=False,
        label="And it is",
        widget=forms.CheckboxSelectMultiple,
        help_text="None: any severity.",
    )
    type = _pick(IncidentType, "And its type is", empty="Any")
    service = _pick(Service, "And it is about", empty="Any service")
    private = forms.BooleanField(required=False, label="Also in private incidents")
    drills = forms.BooleanField(required=False, label="Also in drills and tests")
    page_people = forms.CharField(
        required=False, label="Page people", help_text="E-mail addresses, separated by spaces."
    )
    page_team = _pick(Team, "Page a team")
    page_policy = _pick(EscalationPolicy, "Page by a policy")
    role = forms.ChoiceField(choices=[("", "–"), *RoleName.choices], required=False, label="Fill the role")
    role_schedule = _pick(Schedule, "With whoever is on call in")
    channel = forms.BooleanField(required=False, label="Make a channel")
    call = forms.BooleanField(required=False, label="Open a call")
    tasks = forms.CharField(
        required=False, label="Add tasks", widget=forms.Textarea(attrs={"rows": 3}), help_text="One on each line."
    )
    template = _pick(UpdateTemplate, "Write an update from the template")
    publish = forms.BooleanField(
        required=False, label="Publish it at once", help_text="Otherwise it is a draft for the communications lead."
    )
    minutes = forms.IntegerField(
        required=False, min_value=1, max_value=1440, label="Want the next update within (minutes)"
    )
    workspace = _pick(Workspace, "Post in the chat")
    room = forms.CharField(required=False, max_length=250, label="In the room", help_text="Such as #alerts.")
    post_text = forms.CharField(required=False, max_length=2000, label="What is posted", help_text=_HELP)
    webhook = _pick(Webhook, "Tell the webhook")
    mitigation = _pick(Mitigation, "Propose the mitigation", "It becomes a task; nobody carries it out by itself.")
    log_text = forms.CharField(required=False, max_length=2000, label="Write into the log", help_text=_HELP)

    def __init__(self, *args: Any, actor: Actor, workflow: Workflow | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        if not actor.may(Action.ADMINISTER):
            self.fields["team"].required = True
            self.fields["team"].empty_label = None  # type: ignore[attr-defined]
        if workflow is not None:
            self.initial = {**_initial(workflow), **self.initial}
            kept = [(each, TRIGGERS.get(each, each)) for each in workflow.triggers if each not in OFFERED]
            self.fields["triggers"].choices = [*self.fields["triggers"].choices, *kept]  # type: ignore[attr-defined]

    def values(self, before: Workflow | None) -> dict[str, Any]:
        """For the command. What the form does not ask for stays as it was."""
        said = self.cleaned_data
        kept = dict(before.conditions) if before else {}
        conditions = kept | {
            "severities": [int(each) for each in said["severities"]],
            "types": [said["type"].slug] if said["type"] else [],
            "services": [said["service"].slug] if said["service"] else [],
            "private": said["private"],
            "drills": said["drills"],
        }
        return {
            "name": said["name"],
            "team": said["team"],
            "triggers": said["triggers"],
            "conditions": conditions,
            "actions": self._actions(),
        }

    def _actions(self) -> list[dict[str, Any]]:
        said = self.cleaned_data

        def slug(name: str) -> str:
            return said[name].slug if said[name] else ""

        page = {
            "people": said["page_people"].replace(",", " ").split(),
            "teams": [slug("page_team")] if said["page_team"] else [],
            "policy": slug("page_policy"),
        }
        lines = [line.strip() for line in said["tasks"].splitlines() if line.strip()]
        asked: list[tuple[object, dict[str, Any]]] = [
            (any(page.values()), {"do": "page", **page}),
            (said["role"], {"do": "role", "role": said["role"], "schedule": slug("role_schedule")}),
            (said["channel"], {"do": "channel"}),
            (said["call"], {"do": "call"}),
            (lines, {"do": "tasks", "lines": lines}),
            (said["template"], {"do": "update", "template": slug("template"), "publish": said["publish"]}),
            (said["minutes"], {"do": "next_update", "minutes": said["minutes"]}),
            (
                said["workspace"],
                {"do": "post", "workspace": slug("workspace"), "room": said["room"], "text": said["post_text"]},
            ),
            (said["webhook"], {"do": "webhook", "webhook": slug("webhook")}),
            (said["mitigation"], {"do": "mitigation", "mitigation": slug("mitigation")}),
            (said["log_text"], {"do": "log", "text": said["log_text"]}),
        ]
        return [action for wanted, action in asked if wanted]


def fits_form(workflow: Workflow) -> bool:
    """Whether the form can show all that it does: at most one action of a kind, and nothing that the form does not ask."""
    kinds = [each["do"] for each in workflow.actions]
    simple = all(
        not (each["do"] == "page" and (each.get("text") or len(each.get("teams", [])) > 1))
        and not (each["do"] == "role" and each.get("person"))
        and not (each["do"] == "tasks" and each.get("assignee"))
        for each in workflow.actions
    )
    few = all(len(workflow.conditions.get(name) or []) <= 1 for name in ("types", "services"))
    return simple and few and len(set(kinds)) == len(kinds)


def _initial(workflow: Workflow) -> dict[str, Any]:
    by_kind = {each["do"]: each for each in workflow.actions}
    met = workflow.conditions

    def of(kind: str, name: str) -> Any:
        return by_kind.get(kind, {}).get(name, "")

    def first(values: Any) -> Any:
        return (values or [""])[0]

    return {
        "name": workflow.name,
        "team": workflow.team_id,
        "triggers": workflow.triggers,
        "severities": [str(each) for each in met.get("severities") or []],
        "type": first(met.get("types")),
        "service": first(met.get("services")),
        "private": met.get("private"),
        "drills": met.get("drills"),
        "page_people": " ".join(of("page", "people") or []),
        "page_team": first(of("page", "teams")),
        "page_policy": of("page", "policy"),
        "role": of("role", "role"),
        "role_schedule": of("role", "schedule"),
        "channel": "channel" in by_kind,
        "call": "call" in by_kind,
        "tasks": "\n".join(of("tasks", "lines") or []),
        "template": of("update", "template"),
        "publish": of("update", "publish"),
        "minutes": of("next_update", "minutes"),
        "workspace": of("post", "workspace"),
        "room": of("post", "room"),
        "post_text": of("post", "text"),
        "webhook": of("webhook", "webhook"),
        "mitigation": of("mitigation", "mitigation"),
        "log_text": of("log", "text"),
    }
