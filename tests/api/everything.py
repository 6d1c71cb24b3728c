"""A small company in which there is one of everything. All of it belongs to the team ``shop``."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.accounts.models import ApiToken, Person
from watchroom.api.root import api
from watchroom.catalog.models import Service
from watchroom.intake.models import Integration
from watchroom.kernel import clock
from watchroom.paging.models import EscalationPolicy
from watchroom.status.models import Component

DOCUMENT: dict[str, Any] = api.get_openapi_schema()
WRITES = ("post", "put", "patch", "delete")
OPERATIONS = [
    f"{method.upper()} {path.removeprefix('/api/v1/')}"
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if method in WRITES
]


def hours(count: float) -> str:
    """So long from now, as JSON has it."""
    return (clock.now() + timedelta(hours=count)).isoformat()


class World:
    """Who there is, what they own, and what is asked of it. ``secret``: the incidents are private, and this word stands in all
    that is said in them."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret
        self.team, self.other = make.team("Shop", slug="shop"), make.team("Elsewhere", slug="elsewhere")
        self.people: dict[str, Person] = {
            "viewer": make.person("Vera"),
            "elsewhere": make.person("Otto"),
            "responder": make.person("Rita"),
            "manager": make.person("Mona"),
            "administrator": make.person("Root", "administrator"),
        }
        make.membership(self.other, self.people["elsewhere"], "manager")
        make.membership(self.team, self.people["responder"], "responder")
        make.membership(self.team, self.people["manager"], "manager")
        self.somebody = make.person("Sam", "responder")
        make.membership(self.team, self.somebody)
        make.contact_method(self.somebody, "browser", {"person": self.somebody.pk})
        self.keys = {name: _key(person, "admin") for name, person in self.people.items()}
        self.keys |= {"reading": _key(self.people["administrator"], "read"), "somebody": _key(self.somebody, "admin")}
        self.names: dict[str, Any] = {}
        self._fill()

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        client = Client(
            headers={"Authorization": f"Bearer {self.keys[who]}"} if who else {}, raise_request_exception=False
        )
        data = body if isinstance(body, bytes) else "" if body is None else json.dumps(body)
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        return client.generic(method, f"/api/v1/{path}", data, content_type=kind)

    def make(self, name: str, path: str, body: Any = None, method: str = "POST", by: str = "administrator") -> Any:
        """Made, and kept under ``name``."""
        answer = self.ask(by, method, path, body)
        assert answer.status_code < 300, (name, answer.status_code, answer.content[:600])
        self.names[name] = made = answer.json() if answer.content else None
        return made

    def _fill(self) -> None:
        sam = self.somebody.pk
        secret = self.secret
        incident = {"title": f"Checkout is slow {secret}", "team": "shop", "private": bool(secret), "impact": secret}
        self.make("service", "services", {"name": "Checkout", "team": "shop"})
        self.make(
            "schedule",
            "schedules",
            {"name": "Nights", "team": "shop", "rotations": [ROTATION | {"members": [[str(sam)]]}]},
        )
        self.make("policy", "policies", POLICY | {"steps": [{"wait_seconds": 60, "targets": [{"person": sam}]}]})
        for name, (path, body) in MADE.items():
            self.make(name, path, body)
        self.make("groups", "workspaces", MADE["workspace"][1] | {"name": "Groups"})
        group = {"chat_group": {"chat": "groups", "group": "shop-oncall"}}
        self.make("schedule", "schedules/nights", group, method="PATCH")
        for name in ("incident", "open", "waits"):
            self.make(name, "incidents", incident | {"triage": name == "waits"})
        one = f"incidents/{self.names['incident']['id']}"
        self.make("role", f"{one}/roles", {"role": "commander", "person": sam})
        self.make("entry", f"{one}/log", {"text": f"Looking {secret} @Sam."})
        self.make("task", f"{one}/tasks", {"text": f"Look {secret}."})
        self.make("parked", f"{one}/parking", {"text": f"Later {secret}."})
        self.make("done", f"{one}/mitigations", {"mitigation": "new"})
        self.make("snapshot_change", "changes", {"service": "checkout", "title": "Deploy"})
        self.make("indicator", "indicators", INDICATOR)
        self.make(
            "action",
            "action-items",
            {
                "incident": self.names["incident"]["id"],
                "title": f"Alert when the queue is older than 5 minutes {secret}",
                "owner": str(sam),
                "due_on": "2026-06-01",
            },
        )
        tracker = {"repository": "acme/shop", "url": "https://example.org", "token": "t"}
        self.make("tracker", "connections", NAMED | {"name": "Tracker", "kind": "github", "settings": tracker})
        self.make("issue", f"action-items/{self.names['action']['id']}/issue", {"connection": "tracker"})
        self.make("postmortem", f"incidents/{self.names['open']['id']}/resolve")
        self.make("postmortem", f"incidents/{self.names['open']['id']}/postmortem")
        self.make("link", f"{one}/links", {"other": self.names["open"]["id"], "kind": "related"})
        self.make("mine", f"{one}/roles", {"role": "communications", "person": self.people["administrator"].pk})
        self.make("update", f"{one}/updates", {"happening": f"It is slow. {secret}"})
        self.make("draft", f"{one}/draft", {"version": 0, "happening": f"x {secret}"}, "PUT")
        self.make(
            "drill",
            "drills",
            {
                "scenario": "new",
                "team": "shop",
                "facilitator": str(sam),
                "participants": [str(self.people["responder"].pk)],
            },
        )
        self.make("override", "schedules/nights/overrides", {"person": str(sam), "ends_at": hours(9)})
        self.make("absence", "absences", {"person": str(sam), "starts_at": hours(99), "ends_at": hours(199)})
        self.make("calendar", "calendars", {"schedule": "nights", "name": "C", "url": "https://example.org/c.ics"})
        self.make("feed", "feeds", {})
        self.make("method", "contact-methods", {"channel": "email", "settings": {"address": "a@example.org"}})
        self.make(
            "temporary",
            "schedules/nights/temporary",
            TEMPORARY | {"members": [[str(sam)]], "starts_at": hours(500), "ends_at": hours(900)},
        )
        self.make("paged", "pages", {"people": [sam], "title": "Call me"})
        self.make(
            "window",
            "maintenance-windows",
            {"title": "W", "team": "shop", "services": ["checkout"], "starts_at": hours(1), "ends_at": hours(2)},
        )
        self.make(
            "maintenance", "status-pages/new/maintenance", {"title": "W", "starts_at": hours(1), "ends_at": hours(2)}
        )
        self.make("run", "runbooks/slow/start", {"incident": self.names["incident"]["id"]})
        self.make("plan", "venue-plans", {"team": "shop", "name": "P", "bridge": "call"})
        self.make("venue", f"{one}/venues", {"kind": "call"})
        self.make("swap", "schedules/nights/swaps", {"starts_at": hours(20), "ends_at": hours(30)}, by="somebody")
        self.make("shown", "status-pages/new", NAMED | {"components": [{"name": "C", "service": "checkout"}]}, "PUT")
        self.make("process", "process", {"sections": {}, "note": "x"}, "PUT")
        self.make(
            "practice",
            "teams/shop/practice-plan",
            {"weeks": 4, "next_at": hours(100), "facilitators": [str(sam)]},
            "PUT",
        )
        self.names["signal"] = {"id": make.signal(Integration.objects.get(slug="new")).pk}
        self.names["token"] = {"id": ApiToken.objects.get(person=self.people["viewer"]).pk}
        self.names["component"] = {"id": Component.objects.get().pk}
        self.names["one_link"] = self.names["link"][0]
        self.names["team"], self.names["person"] = {"slug": "shop"}, {"id": sam}
        self.names["group"] = {
            "id": make.group("Slow", service=Service.objects.get(), policy=EscalationPolicy.objects.get()).pk
        }


INDICATOR = {"service": "checkout", "connection": "new", "kind": "metric", "expression": "up"}
TEMPORARY = {"name": "Holidays"}
ROTATION = {"name": "Weekly", "starts_at": "2026-01-05T09:00"}
POLICY = {"team": "shop", "name": "By night"}
NAMED = {"name": "New", "team": "shop"}
MADE: dict[str, tuple[str, Any]] = {
    "workspace": (
        "workspaces",
        {
            "name": "Chat",
            "kind": "slack",
            "team": "shop",
            "settings": {"bot_token": "xoxb-1", "signing_secret": "s" * 32},
        },
    ),
    "provider": ("identity-providers", {"name": "Okta"}),
    "grant": ("group-grants", {"group": "oncall", "role": "viewer"}),
    "integration": ("integrations", NAMED | {"source": "json"}),
    "heartbeat": ("heartbeats", NAMED | {"kind": "period", "period_seconds": 600}),
    "check": ("checks", NAMED | {"kind": "http", "settings": {"url": "https://example.org/"}}),
    "connection": ("connections", NAMED | {"kind": "prometheus", "settings": {"url": "https://example.org/"}}),
    "runner": ("runners", NAMED | {"kind": "webhook", "settings": {"url": "https://example.org/", "secret": "s" * 32}}),
    "agent": ("runners", {"name": "Agent", "team": "shop", "kind": "agent", "settings": {"key": "k" * 32}}),
    "mitigation": ("mitigations", NAMED | {"how": "By hand.", "kind": "roll_back"}),
    "runbook": ("runbooks", {"name": "Slow", "team": "shop", "steps": [{"part": "confirm", "title": "Look"}]}),
    "page": ("status-pages", NAMED),
    "list": ("stakeholder-lists", NAMED),
    "webhook": ("webhooks", {"name": "Out", "url": "https://example.org/", "events": ["*"], "team": "shop"}),
    "bridge": (
        "bridges",
        {"name": "Call", "kind": "jitsi", "team": "shop", "settings": {"url": "https://meet.example.org/{room}"}},
    ),
    "workflow": (
        "workflows",
        {"name": "Flow", "team": "shop", "triggers": ["incident.declared"], "actions": [{"do": "log", "text": "x"}]},
    ),
    "scenario": ("scenarios", NAMED),
    "template": ("update-templates", NAMED | {"happening": "x"}),
    "type": ("incident-types", NAMED),
    "state": ("incident-states", {"name": "Looking", "phase": "active", "team": "shop"}),
    "rotation": ("role-rotations", {"role": "scribe", "team": "shop", "schedule": "nights"}),
    "rule": ("follow-rules", {"group": "shop", "team": "shop"}),
    "route": ("routes", {"name": "Mine", "matchers": ["a=b"], "team": "shop", "policy": "by-night"}),
    "interval": ("time-intervals", {"name": "Nights", "team": "shop", "intervals": [{"weekdays": ["monday:friday"]}]}),
    "silence": ("silences", {"matchers": ["a=b"], "ends_at": "2026-06-01T00:00Z", "comment": "c", "team": "shop"}),
    "inhibition": (
        "inhibit-rules",
        {"name": "I", "team": "shop", "source_matchers": ["a=b"], "target_matchers": ["c=d"]},
    ),
}


def _key(person: Person, scope: str) -> str:
    return make_token(acting(person), name="test", scope=scope)[1]


# What stands in an address, by the words before it.
PLACES = {
    "identity-providers": "provider", "group-grants": "grant",
    "people": "person", "teams": "team", "tokens": "token", "services": "service", "workspaces": "workspace", "schedules": "schedule",
    "overrides": "override", "swaps": "swap", "absences": "absence", "calendars": "calendar", "feeds": "feed", "hand-offs": "handoff",
    "temporary-schedules": "temporary", "corrections": "correction", "policies": "policy", "contact-methods": "method",
    "escalations": "paged", "paging-defects": "defect", "approvals": "approval", "alert-groups": "group", "integrations": "integration",
    "signals": "signal", "silences": "silence", "maintenance-windows": "window", "inhibit-rules": "inhibition", "routes": "route",
    "time-intervals": "interval", "heartbeats": "heartbeat", "checks": "check", "incidents": "incident", "roles": "role", "log": "entry",
    "tasks": "task", "parking": "parked", "update-templates": "template", "incident-types": "type", "incident-states": "state",
    "role-rotations": "rotation", "role-hand-offs": "role_handoff", "follow-rules": "rule", "connections": "connection",
    "indicators": "indicator", "snapshots": "snapshot", "mitigations": "mitigation", "mitigation-runs": "done", "runners": "runner",
    "agents": "agent", "runbooks": "runbook", "runbook-runs": "run", "status-pages": "page", "updates": "update",
    "stakeholder-lists": "list", "postmortems": "postmortem", "action-items": "action", "crossings": "crossing",
    "grouping-suggestions": "suggestion", "webhooks": "webhook", "webhook-deliveries": "dispatch", "bridges": "bridge",
    "venue-plans": "plan", "venues": "venue", "workflows": "workflow", "workflow-runs": "workflow_run", "scenarios": "scenario",
    "drills": "drill", "maintenance": "maintenance", "components": "component", "links": "one_link", "drill-injects": "inject", "drill-notes": "drill_note",
}  # fmt: skip
OTHERS = {"person": "somebody", "level": 2, "moment": "detected", "nudge": 1, "rule": "no_commander", "link": 1, "number": 1, "version": 1,
          "key": "look", "valid_from": "2026-01-01", "team": "shop"}  # fmt: skip


def path_of(world: World, operation: str) -> str:
    """Where ``operation`` is asked."""
    parts = operation.partition(" ")[2].split("/")
    for at, part in enumerate(parts):
        if not part.startswith("{"):
            continue
        name = re.sub(r"^\w+:", "", part.strip("{}"))
        thing = world.names.get(PLACES.get(parts[at - 1], ""))
        if isinstance(thing, dict):
            parts[at] = str(thing.get(name, thing.get("id")))
        elif name == "person":
            parts[at] = str(world.somebody.pk)
        else:
            parts[at] = str(OTHERS.get(name, 1))
    return "/".join(parts)
