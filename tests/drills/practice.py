"""A team with somebody on call, a service and routes that lead to it."""

from __future__ import annotations

from dataclasses import dataclass

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.drills import commands
from watchroom.drills.models import Drill, Scenario
from watchroom.intake import commands as intake

INJECTS = [
    {"kind": "alert", "minutes": 0, "title": "Shop is slow", "key": "slow", "text": "Very", "labels": {"alertname": "Slow", "service": "shop"}},
    {"kind": "message", "minutes": 3, "title": "Support", "text": "Customers call. Is this known?"},
    {"kind": "fact", "title": "Deploys", "text": "One, ten minutes ago", "hint": "What was changed?"},
    {"kind": "role_leaves", "minutes": 10, "role": "commander"},
    {"kind": "alert_ends", "alert": "slow"},
]  # fmt: skip
EXPECTATIONS = [
    {"kind": "acknowledged", "minutes": 5},
    {"kind": "declared", "minutes": 10},
    {"kind": "role", "role": "commander", "minutes": 10},
    {"kind": "severity", "severity": 2},
    {"kind": "handoff"},
    {"kind": "resolved", "minutes": 30},
]


@dataclass
class World:
    """Max manages the team, Fay facilitates, Pia practises, Otto is on call, Zoe belongs to another team."""

    team: Team
    service: Service
    max: Person
    fay: Person
    pia: Person
    otto: Person
    zoe: Person

    def scenario(self, **fields: object) -> Scenario:
        given = {"team": self.team, "name": "Slow shop", "story": "A **secret** story", "services": [self.service], "injects": INJECTS, "expectations": EXPECTATIONS}  # fmt: skip
        return commands.save_scenario(acting(self.fay), None, **{**given, **fields})  # type: ignore[arg-type]

    def drill(self, scenario: Scenario | None = None, *, begin: bool = True, **fields: object) -> Drill:
        given = {"facilitator": self.fay, "participants": [self.pia]}
        found = commands.plan(acting(self.max), scenario or self.scenario(), **{**given, **fields})  # type: ignore[arg-type]
        return commands.start(acting(self.fay), found) if begin else found


def world() -> World:
    """Made anew."""
    team = make.team("Shop team", slug="shop")
    people = {name: make.person(name.capitalize()) for name in ("max", "fay", "pia", "otto", "zoe")}
    for name in ("fay", "pia", "otto"):
        make.membership(team, people[name])
    make.membership(team, people["max"], "manager")
    make.membership(make.team("Elsewhere"), people["zoe"], "manager")
    for name in ("pia", "otto", "fay"):
        make.contact_method(people[name])
    policy = make.policy(people["otto"], team=team)
    service = make.service("Shop", team=team, slug="shop", policy=policy)
    admin: Actor = make.actor("Ada")
    intake.save_route(admin, None, name="Shop", parent=None, team=team, matchers=["service=shop"], service=service)
    return World(team=team, service=service, **people)
