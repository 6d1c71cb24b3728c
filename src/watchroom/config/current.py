"""The configuration that is in the database, in the form of a file. A constant number of queries."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from django.db.models import Prefetch

from ..accounts.models import Person, Team
from ..accounts.roles import Role
from ..catalog.models import Service
from ..drills.models import Scenario
from ..evidence.models import Connection, Indicator
from ..incidents.histories import minutes_by_severity
from ..incidents.models import (
    FollowRule,
    GuidanceSetting,
    IncidentState,
    IncidentType,
    RoleRotation,
    SeverityDefinition,
    TriageRule,
    UpdateTemplate,
)
from ..incidents.states import by_phase
from ..insights.pay_rules import book_of, in_force, today
from ..insights.rules.limits import Limits
from ..intake.models import Integration, Route
from ..intake.queries import shown_settings
from ..kernel import asked, clock
from ..kernel.plugins import all_of
from ..mitigations.models import Mitigation, Runner
from ..oncall.models import Calendar, Schedule
from ..outgoing.models import Webhook
from ..paging import order
from ..paging.models import EscalationPolicy, QuietHours, StepTarget
from ..readiness.models import ReadinessThresholds
from ..readiness.queries import process
from ..status.models import StakeholderList, StatusPage
from ..venues.models import Bridge, VenuePlan
from ..workflows.models import Workflow
from ..workflows.rules import Conditions as Met
from ..workspaces.base import asked_of
from ..workspaces.models import Workspace
from . import alerting, announced, runbooks
from .difference import State
from .parts import plain_time
from .schema import Conditions

_OF_A_SEVERITY = ("level", "name", "definition", "update_minutes", "roles", "customers", "urgent")


def read() -> State:
    """Everything that a file can say, by kind and key."""
    alerts = alerting.read()
    return {
        "people": {
            p.email: {
                "email": p.email,
                "name": p.name,
                "role": Role(p.role).word,
                "timezone": p.timezone,
                "quiet_hours": _quiet(getattr(p, "quiet_hours", None)),
                "notification_rules": notification_rules(p),
            }
            for p in Person.objects.filter(is_active=True)
            .select_related("quiet_hours", "notification_plan")
            .prefetch_related("contact_methods", "notification_rules")
            .order_by("email")
        },
        "teams": {
            t.slug: _team(t)
            for t in Team.objects.select_related("load_limits", "weekly_list").prefetch_related(
                "memberships__person", "pay"
            )
        },
        "schedules": {
            s.slug: _schedule(s)
            for s in Schedule.objects.select_related("team").prefetch_related(
                "rotations__members__person",
                "temporaries__people",
                "temporaries__other",
                Prefetch("calendars", Calendar.objects.only("schedule", "name", "precedence")),
            )
        },
        "workspaces": {w.slug: _workspace(w) for w in Workspace.objects.select_related("team")},
        "webhooks": {
            row.slug: {"slug": row.slug, "name": row.name, "team": _slug(row.team), "url": str(row.url)}
            | {name: getattr(row, name) for name in ("events", "private", "drills", "enabled")}
            for row in Webhook.objects.select_related("team")
        },
        "bridges": {row.slug: _bridge(row) for row in Bridge.objects.select_related("team")},
        "policies": {
            p.slug: _policy(p)
            for p in EscalationPolicy.objects.select_related("team").prefetch_related(
                "steps__targets__person",
                "steps__targets__schedule",
                "steps__targets__team",
                "steps__targets__workspace",
            )
        },
        "services": {
            s.slug: _service(s)
            for s in Service.objects.select_related("team", "policy").prefetch_related("links", "needs__needs")
        },
        "integrations": {
            i.slug: {
                "slug": i.slug,
                "name": i.name,
                "team": i.team.slug,
                "source": i.source,
                "service": _slug(i.service),
                "drill": i.drill,
                "rate_per_minute": i.rate_per_minute,
                "settings": shown_settings(i),
                "paused": i.paused,
            }
            for i in Integration.objects.select_related("team", "service")
        },
        "time_intervals": alerts.pop("time_intervals"),
        "routes": {
            r.name: _route(r)
            for r in _parents_first(list(Route.objects.select_related("parent", "team", "service", "policy")))
        },
        **alerts,
        "connections": {c.slug: _connection(c) for c in Connection.objects.select_related("team")},
        "indicators": {
            f"{i.service.slug}/{i.name}": {
                "service": i.service.slug,
                "name": i.name,
                "connection": i.connection.slug,
                "kind": i.kind,
                "expression": i.expression,
                "unit": i.unit,
                "threshold": i.threshold,
                "worse": i.worse,
                "position": i.position,
            }
            for i in Indicator.objects.select_related("service", "connection").order_by(
                "service__slug", "position", "id"
            )
        },
        "runners": {r.slug: _runner(r) for r in Runner.objects.select_related("team")},
        "mitigations": {
            m.slug: {
                "slug": m.slug,
                "name": m.name,
                "team": m.team.slug,
                "service": _slug(m.service),
                "kind": m.kind,
                "how": m.how,
                "check_text": m.check_text,
                "undo": m.undo,
                "risk": m.risk,
                "indicator": f"{m.indicator.service.slug}/{m.indicator.name}" if m.indicator else None,
                "runner": _slug(m.runner),
                "inputs": m.inputs,
                "timeout_seconds": m.timeout_seconds,
                "needs_approval": m.needs_approval,
                "managers_only": m.managers_only,
            }
            for m in Mitigation.objects.select_related("team", "service", "runner", "indicator__service")
        },
        runbooks.KIND: runbooks.read(),
        "status_pages": {
            p.slug: _status_page(p)
            for p in StatusPage.objects.select_related("team")
            .defer("logo")
            .prefetch_related("components__service", "components__group")
        },
        announced.KIND: announced.read(),
        "stakeholder_lists": {
            row.slug: {
                "slug": row.slug,
                "name": row.name,
                "team": row.team.slug,
                "audience": row.audience,
                "least_severity": row.least_severity,
                "every_team": row.every_team,
            }
            for row in StakeholderList.objects.select_related("team")
        },
        "update_templates": {
            row.slug: {"slug": row.slug, "name": row.name, "team": row.team.slug}
            | {name: getattr(row, name) for name in ("stage", "severities", "audience", "happening", "impact", "doing")}
            for row in UpdateTemplate.objects.select_related("team")
        },
        "incident_types": {
            row.slug: {"slug": row.slug, "name": row.name, "team": row.team.slug}
            | {name: getattr(row, name) for name in ("description", "private", "offered", "fields")}
            for row in IncidentType.objects.select_related("team")
        },
        "incident_states": {
            row.slug: {"slug": row.slug, "team": _slug(row.team), "retired": row.retired_at is not None}
            | {name: getattr(row, name) for name in ("name", "phase", "order", "description")}
            | {"types": sorted(each.slug for each in row.types.all())}
            for row in by_phase(IncidentState.objects.select_related("team").prefetch_related("types"))
        },
        "venue_plans": {
            row.slug: {
                name: getattr(row, name) for name in ("slug", "name", "least_severity", "types", "private", "drills")
            }
            | {name: _slug(getattr(row, name)) for name in ("team", "workspace", "bridge")}
            for row in VenuePlan.objects.select_related("team", "workspace", "bridge")
        },
        "workflows": {
            row.slug: {"slug": row.slug, "name": row.name, "team": _slug(row.team)}
            | {name: getattr(row, name) for name in ("triggers", "actions", "enabled")}
            # Those that were saved before there was another one say nothing of it.
            | {"conditions": Met.of(row.conditions).as_json()}
            for row in Workflow.objects.select_related("team")
        },
        "scenarios": {
            row.slug: {"slug": row.slug, "name": row.name, "team": row.team.slug}
            | {name: getattr(row, name) for name in ("story", "severity", "minutes", "injects", "expectations")}
            | {"services": sorted(each.slug for each in row.services.all())}
            for row in Scenario.objects.select_related("team").prefetch_related("services")
        },
        "severities": {
            row.key: {name: getattr(row, name) for name in _OF_A_SEVERITY} for row in SeverityDefinition.objects.all()
        },
        "guidance": {
            row.rule: {
                "rule": row.rule,
                "enabled": row.enabled,
                "after_minutes": None if row.after_minutes is None else minutes_by_severity(row.after_minutes),
            }
            for row in GuidanceSetting.objects.all()
        },
        "follow_rules": {
            row.slug: {"slug": row.slug, "least_severity": row.least_severity, "level": row.level}
            | {name: _slug(getattr(row, name)) for name in ("group", "team", "service", "type")}
            | {"person": row.person.email if row.person else None}
            for row in FollowRule.objects.select_related("person", "group", "team", "service", "type")
        },
        "triage": {row.of: {"of": row.of} for row in TriageRule.objects.all()},
        "role_rotations": {
            row.slug: {name: getattr(row, name) for name in ("slug", "role", "least_severity", "answer_minutes")}
            | {name: _slug(getattr(row, name)) for name in ("team", "service", "schedule")}
            | {"person": row.person.email if row.person else None}
            for row in RoleRotation.objects.select_related("team", "service", "schedule", "person")
        },
        "process": process.as_said(),
        "readiness": {
            row.of: {"of": row.of} | asdict(row.said) for row in ReadinessThresholds.objects.exclude(values={})
        },
    }


def _status_page(page: StatusPage) -> dict[str, Any]:
    names = ("domain", "language", "timezone", "colour", "colour_dark", "support_url")
    return {
        "slug": page.slug,
        "name": page.name,
        "team": page.team.slug,
        "description": page.description,
        "public": page.public,
        "networks": page.networks,
        **{name: getattr(page, name) for name in names},
        "components": [
            {
                "name": c.name,
                "service": _slug(c.service),
                "description": c.description,
                "group": c.group.name if c.group else "",
                "automatic": c.automatic,
                "only_if_degraded": c.only_if_degraded,
            }
            for c in page.components.all()
        ],
    }


def _quiet(row: QuietHours | None) -> dict[str, str] | None:
    return {"starts": f"{row.starts:%H:%M}", "ends": f"{row.ends:%H:%M}"} if row else None


def notification_rules(person: Person) -> order.Plan | None:
    """In what order somebody is reached, by kinds of ways: without numbers, addresses and what is confirmed."""
    plan = getattr(person, "notification_plan", None)
    rules: dict[str, list[tuple[int, int]]] = {urgency: [] for urgency in order.URGENCIES}
    for rule in sorted(person.notification_rules.all(), key=lambda rule: (rule.wait_seconds, rule.contact_method_id)):
        rules[rule.urgency].append((rule.contact_method_id, rule.wait_seconds))
    ways = [(way.pk, way.channel, way.label) for way in person.contact_methods.all()]
    return order.written(plan.rules if plan else None, ways, rules)


def _slug(thing: Any) -> str | None:
    return thing.slug if thing is not None else None


def _workspace(workspace: Workspace) -> dict[str, Any]:
    product = all_of("watchroom.workspaces").get(workspace.kind)
    return {
        "slug": workspace.slug,
        "name": workspace.name,
        "team": _slug(workspace.team),
        "kind": workspace.kind,
        "settings": asked.shown(asked_of(product) if product else (), workspace.settings),
    }


def _bridge(bridge: Bridge) -> dict[str, Any]:
    plugin = all_of("watchroom.bridges").get(bridge.kind)
    shown = {each.name for each in plugin.fields if not each.secret} if plugin else set()
    return {
        "slug": bridge.slug,
        "name": bridge.name,
        "team": _slug(bridge.team),
        "kind": bridge.kind,
        "settings": {name: value for name, value in bridge.settings.items() if name in shown},
    }


def _runner(runner: Runner) -> dict[str, Any]:
    plugin = all_of("watchroom.runners").get(runner.kind)
    return {
        "slug": runner.slug,
        "name": runner.name,
        "team": runner.team.slug,
        "kind": runner.kind,
        "settings": asked.shown(plugin.fields if plugin else (), runner.settings),
    }


def _connection(connection: Connection) -> dict[str, Any]:
    connector = all_of("watchroom.connectors").get(connection.kind)
    return {
        "slug": connection.slug,
        "name": connection.name,
        "team": connection.team.slug,
        "kind": connection.kind,
        "settings": asked.shown(connector.fields if connector else (), connection.settings),
    }


def _team(team: Team) -> dict[str, Any]:
    members = sorted(team.memberships.all(), key=lambda each: each.person.email)
    limits, book = getattr(team, "load_limits", None), book_of(team)
    pay = in_force(book, today())
    return {
        "slug": team.slug,
        "name": team.name,
        "description": team.description,
        "members": [{"email": each.person.email, "role": Role(each.role).word} for each in members],
        "limits": {each.name: getattr(limits, each.name) for each in fields(Limits)} if limits else None,
        "weekly_list": getattr(team, "weekly_list", None) is not None,
        "pay": pay.rules.data() if pay and pay.rules else None,
        "pay_later": [
            {"valid_from": each.valid_from.isoformat(), "pay": each.rules.data() if each.rules else None}
            for each in book.versions
            if each.valid_from > today()
        ],
    }


def _schedule(schedule: Schedule) -> dict[str, Any]:
    rotations = []
    emails = {each.pk: each.email for row in schedule.temporaries.all() for each in row.people.all()}
    for rotation in schedule.rotations.all():
        turns: dict[int, list[str]] = {}
        shadows: dict[int, list[str]] = {}
        for member in rotation.members.all():
            turns.setdefault(member.turn, [])
            (shadows if member.is_shadow else turns).setdefault(member.turn, []).append(member.person.email)
        rotations.append(
            {
                "name": rotation.name,
                "precedence": rotation.precedence,
                "unit": rotation.unit,
                "length": rotation.length,
                "starts_at": rotation.starts_at,
                "until": plain_time(rotation.until) if rotation.until else None,
                "restrictions": rotation.restrictions,
                "members": [turns[turn] for turn in sorted(turns)],
                "shadows": [shadows.get(turn, []) for turn in sorted(turns)] if shadows else [],
            }
        )
    return {
        "slug": schedule.slug,
        "name": schedule.name,
        "team": schedule.team.slug,
        "timezone": schedule.timezone,
        "description": schedule.description,
        "remind_hours": schedule.remind_hours,
        "rotations": rotations,
        "temporary": [
            {
                "name": row.name,
                "starts_at": plain_time(row.starts_at),
                "ends_at": plain_time(row.ends_at),
                "other": _slug(row.other),
                "unit": row.unit,
                "length": row.length,
                "restrictions": row.restrictions,
                "members": [[emails[pk] for pk in turn if pk in emails] for turn in row.members],
            }
            for row in schedule.temporaries.all()
            if row.ends_at > clock.now()
        ],
        "calendars": [
            {"name": row.name, "url": None, "precedence": row.precedence} for row in schedule.calendars.all()
        ],
    }


def _policy(policy: EscalationPolicy) -> dict[str, Any]:
    steps = [
        {
            "wait_seconds": step.wait_seconds,
            "urgency": step.urgency,
            "round_robin": step.round_robin,
            "conditions": Conditions(**step.conditions).model_dump(),
            "pause": step.pause,
            "targets": [
                {
                    "person": t.person.email if t.person else None,
                    "schedule": _slug(t.schedule),
                    "who": t.who if t.schedule and t.who != StepTarget.Who.CURRENT else None,
                    "team": _slug(t.team),
                    "webhook": t.webhook or None,
                    "incident": t.incident_severity,
                    "role": t.role or None,
                    "mitigation": t.mitigation or None,
                    "runbook": t.runbook or None,
                    "runbook_step": t.runbook_step or None,
                    "chat": _slug(t.workspace),
                    "room": t.room or None,
                }
                for t in step.targets.all()
            ],
        }
        for step in policy.steps.all()
    ]
    return {
        "answers": policy.answers,
        "slug": policy.slug,
        "name": policy.name,
        "team": policy.team.slug,
        "description": policy.description,
        "repeats": policy.repeats,
        "steps": steps,
    }


def _service(service: Service) -> dict[str, Any]:
    return {
        "slug": service.slug,
        "name": service.name,
        "team": service.team.slug,
        "description": service.description,
        "tier": service.tier,
        "labels": service.labels,
        "links": [{"kind": link.kind, "label": link.label, "url": link.url} for link in service.links.all()],
        "needs": sorted(dependency.needs.slug for dependency in service.needs.all()),
        "policy": _slug(service.policy),
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "name": route.name,
        "parent": route.parent.name if route.parent else None,
        "position": route.position,
        "team": _slug(route.team),
        "matchers": route.matchers,
        "goes_on": route.goes_on,
        "group_by": route.group_by,
        "group_wait_seconds": route.group_wait_seconds,
        "group_interval_seconds": route.group_interval_seconds,
        "repeat_interval_seconds": route.repeat_interval_seconds,
        "service": _slug(route.service),
        "policy": _slug(route.policy),
        "urgency": route.urgency,
        "service_label": route.service_label,
        "severities": route.severities,
        "mute_intervals": route.mute_intervals,
        "active_intervals": route.active_intervals,
        "low_urgency_intervals": route.low_urgency_intervals,
        "declares": route.declares,
    }


def _parents_first(routes: list[Route]) -> list[Route]:
    by_id = {route.pk: route for route in routes}

    def depth(route: Route) -> int:
        return 0 if route.parent_id is None else 1 + depth(by_id[route.parent_id])

    return sorted(routes, key=lambda route: (depth(route), route.position, route.pk))
