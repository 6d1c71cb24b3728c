"""How a thing of each kind is saved and deleted as a file says, through the packages' own commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from ..accounts import commands as accounts
from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..catalog import commands as catalog
from ..catalog.models import Service
from ..drills import commands as drills
from ..drills.models import Scenario
from ..evidence import commands as evidence
from ..evidence.models import Connection, Indicator
from ..incidents import commands as incidents
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
from ..insights.bearing import set_limits
from ..insights.commands import set_weekly_list
from ..insights.limits import limits_of
from ..insights.models import WeeklyList
from ..insights.pay_rules import plan_pay
from ..intake import commands as intake
from ..intake.models import Integration, Route
from ..intake.rules.declaring import stored
from ..kernel import clock
from ..kernel.errors import Refused
from ..kernel.plugins import all_of
from ..mitigations import commands as mitigations
from ..mitigations.models import Mitigation, Runner
from ..oncall import commands as oncall
from ..oncall.models import Calendar, Schedule, Temporary
from ..outgoing import commands as outgoing
from ..outgoing.models import Webhook
from ..paging import commands as paging
from ..paging.models import EscalationPolicy, QuietHours
from ..readiness import commands as readiness
from ..readiness.models import ProcessVersion, ReadinessThresholds
from ..readiness.queries import process
from ..runbooks.commands import delete_runbook
from ..sources.base import Configured
from ..status import commands as status
from ..status.models import StakeholderList, StatusPage
from ..venues import commands as venues
from ..venues.models import Bridge, VenuePlan
from ..workflows import commands as workflows
from ..workflows.models import Workflow
from ..workspaces import commands as workspaces
from ..workspaces.models import Workspace
from . import runbooks
from .current import notification_rules
from .finding import find
from .parts import plain_time

Fields = dict[str, Any]


def _person(by: Actor, person: Person | None, fields: Fields) -> None:
    own = {name: value for name, value in fields.items() if name not in ("quiet_hours", "notification_rules")}
    if person is None:
        person = accounts.create_person(by, **own)
    else:
        accounts.change_person(by, person, **{name: value for name, value in own.items() if name != "email"})
    quiet = fields["quiet_hours"] or {}
    times = [time.fromisoformat(quiet[name]) if quiet else None for name in ("starts", "ends")]
    row = QuietHours.objects.filter(person=person).first()
    if ([row.starts, row.ends] if row else [None, None]) != times:
        paging.set_quiet_hours(by, person, *times)
    if fields["notification_rules"] not in (None, notification_rules(person)):
        paging.set_plan(by, person, fields["notification_rules"])


def _team(by: Actor, team: Team | None, fields: Fields) -> None:
    saved = accounts.save_team(by, team, name=fields["name"], slug=fields["slug"], description=fields["description"])
    wanted = {member["email"].lower(): member["role"] for member in fields["members"]}
    for membership in saved.memberships.select_related("person"):
        if membership.person.email.lower() not in wanted:
            accounts.remove_member(by, saved, membership.person)
    for email, role in wanted.items():
        accounts.set_member(by, saved, find("people", email), role)
    if (fields["limits"] is not None) or limits_of(saved)[1] is not None:
        set_limits(by, saved, fields["limits"])
    if fields["weekly_list"] != WeeklyList.objects.filter(team=saved).exists():
        set_weekly_list(by, saved, fields["weekly_list"])
    later = {date.fromisoformat(each["valid_from"]): each["pay"] for each in fields["pay_later"]}
    plan_pay(by, saved, fields["pay"], later)


def _schedule(by: Actor, schedule: Schedule | None, fields: Fields) -> None:
    rotations = [
        {
            **rotation,
            "members": [[find("people", email).pk for email in turn] for turn in rotation["members"]],
            "shadows": [[find("people", email).pk for email in turn] for turn in rotation["shadows"]],
        }
        for rotation in fields["rotations"]
    ]
    own = {name: value for name, value in fields.items() if name not in ("temporary", "calendars")}
    saved = oncall.save_schedule(by, schedule, **{**own, "team": find("teams", own["team"]), "rotations": rotations})
    _calendars(by, saved, {each["name"]: each for each in fields["calendars"]})


def _calendars(by: Actor, schedule: Schedule, wanted: dict[str, Fields]) -> None:
    """Make the calendars of a schedule into those that are wanted. An address that is not said stays as it is."""
    there: dict[str, Calendar] = {}
    for row in schedule.calendars.select_related("schedule__team").order_by("id"):
        if row.name in wanted and row.name not in there:
            there[row.name] = row
        else:
            oncall.remove_calendar(by, row)
    for name, fields in wanted.items():
        before = there.get(name)
        if before is None or fields["url"] or before.precedence != fields["precedence"]:
            oncall.save_calendar(by, before, schedule=schedule, **fields)


def save_temporaries(by: Actor, slug: str, wanted: list[Fields], there: list[Fields]) -> None:
    """Make the temporary schedules of one schedule into those that are wanted; what stays as it is is left alone."""
    schedule = find("schedules", slug)
    for row in schedule.temporaries.filter(ends_at__gt=clock.now()).select_related("schedule__team"):
        said = next((each for each in there if (each["name"], each["starts_at"]) == _key(row)), None)
        if said not in wanted:
            oncall.end_temporary(by, row)
    for fields in wanted:
        if fields not in there:
            members = [[find("people", email) for email in turn] for turn in fields["members"]]
            starts_at, ends_at = (datetime.fromisoformat(fields[name]) for name in ("starts_at", "ends_at"))
            found = {"members": members, "starts_at": starts_at, "ends_at": ends_at}
            oncall.add_temporary(by, schedule, **{**fields, **found, "other": find("schedules", fields["other"])})


def _key(row: Temporary) -> tuple[str, str]:
    return row.name, plain_time(row.starts_at)


def _workspace(by: Actor, workspace: Workspace | None, fields: Fields) -> None:
    workspaces.save_workspace(by, workspace, **{**fields, "team": find("teams", fields["team"])})


def _webhook(by: Actor, row: Webhook | None, fields: Fields) -> str | None:
    _, secret = outgoing.save_webhook(by, row, **{**fields, "team": find("teams", fields["team"])})
    return secret or None


def _bridge(by: Actor, row: Bridge | None, fields: Fields) -> None:
    venues.save_bridge(by, row, **{**fields, "team": find("teams", fields["team"])}, secrets_follow=True)


def _venue_plan(by: Actor, row: VenuePlan | None, fields: Fields) -> None:
    found = {
        name: find(kind, fields[name])
        for name, kind in (("team", "teams"), ("workspace", "workspaces"), ("bridge", "bridges"))
    }
    venues.save_plan(by, row, **{**fields, **found})


def _workflow(by: Actor, row: Workflow | None, fields: Fields) -> None:
    workflows.save_workflow(by, row, **{**fields, "team": find("teams", fields["team"])})


def _scenario(by: Actor, row: Scenario | None, fields: Fields) -> None:
    services = [find("services", slug) for slug in fields["services"]]
    drills.save_scenario(by, row, **{**fields, "team": find("teams", fields["team"]), "services": services})


def _policy(by: Actor, policy: EscalationPolicy | None, fields: Fields) -> None:
    kinds = {"person": "people", "schedule": "schedules", "team": "teams", "chat": "workspaces"}
    steps = [
        {
            "wait_seconds": step["wait_seconds"],
            "urgency": step["urgency"],
            "round_robin": step["round_robin"],
            "conditions": step["conditions"],
            "pause": step["pause"],
            "targets": [
                {
                    kind: find(kinds[kind], value).pk if kind in kinds else value
                    for kind, value in target.items()
                    if value is not None
                }
                for target in step["targets"]
            ],
        }
        for step in fields["steps"]
    ]
    paging.save_policy(
        by, policy, **{**fields, "team": find("teams", fields["team"]), "steps": steps}, proposed_follow=True
    )


def save_service(by: Actor, service: Service | None, fields: Fields, with_needs: bool = False) -> None:
    policy = find("policies", fields["policy"])
    needs = [find("services", slug).pk for slug in fields["needs"]] if with_needs else []
    catalog.save_service(
        by,
        service,
        **{**fields, "team": find("teams", fields["team"]), "needs": needs, "policy": policy.pk if policy else None},
    )


def _integration(by: Actor, integration: Integration | None, fields: Fields) -> str | None:
    paused = fields.pop("paused")
    kind = all_of("watchroom.sources").get(fields["source"])
    hidden = {each.name for each in kind.asks if each.secret} if isinstance(kind, Configured) else set()
    for name in hidden & set(fields["settings"] or ()):
        raise Refused(
            "A secret does not belong into a file.",
            field=f"settings.{name}",
            value="(secret)",
            fix="Set it on the integration's page.",
        )
    saved, key = intake.save_integration(
        by,
        integration,
        **{**fields, "team": find("teams", fields["team"]), "service": find("services", fields["service"])},
    )
    if saved.paused != paused:
        intake.pause_integration(by, saved, paused)
    return key


def _route(by: Actor, route: Route | None, fields: Fields) -> None:
    intake.save_route(
        by,
        route,
        **{
            **fields,
            "parent": find("routes", fields["parent"]),
            "team": find("teams", fields["team"]),
            "service": find("services", fields["service"]),
            "policy": find("policies", fields["policy"]),
            "severities": None
            if fields["severities"] is None
            else [intake.SeverityRule(**rule) for rule in fields["severities"]],
            "declares": stored(fields["declares"]),
        },
    )


def _connection(by: Actor, connection: Connection | None, fields: Fields) -> None:
    evidence.save_connection(by, connection, **{**fields, "team": find("teams", fields["team"])})


def _indicator(by: Actor, indicator: Indicator | None, fields: Fields) -> None:
    found = {"service": find("services", fields["service"]), "connection": find("connections", fields["connection"])}
    evidence.save_indicator(by, indicator, **{**fields, **found})


def _mitigation(by: Actor, mitigation: Mitigation | None, fields: Fields) -> None:
    mitigations.save_mitigation(
        by,
        mitigation,
        **{
            **fields,
            "team": find("teams", fields["team"]),
            "service": find("services", fields["service"]),
            "indicator": find("indicators", fields["indicator"]),
            "runner": find("runners", fields["runner"]),
        },
    )


def _runner(by: Actor, runner: Runner | None, fields: Fields) -> None:
    mitigations.save_runner(by, runner, **{**fields, "team": find("teams", fields["team"])}, secrets_follow=True)


def _status_page(by: Actor, page: StatusPage | None, fields: Fields) -> None:
    status.save_status_page(by, page, **{**fields, "team": find("teams", fields["team"])})


def _stakeholder_list(by: Actor, row: StakeholderList | None, fields: Fields) -> None:
    status.save_list(by, row, **{**fields, "team": find("teams", fields["team"])})


def _update_template(by: Actor, row: UpdateTemplate | None, fields: Fields) -> None:
    incidents.save_template(by, row, **{**fields, "team": find("teams", fields["team"])})


def _incident_type(by: Actor, row: IncidentType | None, fields: Fields) -> None:
    incidents.save_type(by, row, **{**fields, "team": find("teams", fields["team"])})


def _incident_state(by: Actor, row: IncidentState | None, fields: Fields) -> None:
    types = [find("incident_types", each) for each in fields["types"]]
    incidents.save_state(by, row, **{**fields, "team": find("teams", fields["team"]), "types": types})


def _severity(by: Actor, row: SeverityDefinition | None, fields: Fields) -> None:
    incidents.save_severity(by, **fields)


def _no_severity(by: Actor, row: SeverityDefinition) -> None:
    incidents.reset_severity(by, row.level)


def _guidance(by: Actor, _: GuidanceSetting | None, fields: Fields) -> None:
    incidents.set_guidance(by, **fields)


def _as_shipped(by: Actor, row: GuidanceSetting) -> None:
    incidents.reset_guidance(by, row.rule)


def _role_rotation(by: Actor, row: RoleRotation | None, fields: Fields) -> None:
    found = {
        name: find(kind, fields[name])
        for name, kind in (("team", "teams"), ("service", "services"), ("schedule", "schedules"), ("person", "people"))
    }
    incidents.save_rotation(by, row, **{**fields, **found})


def _triage(by: Actor, row: TriageRule | None, fields: Fields) -> None:
    incidents.add_triage_rule(by, fields["of"])


def _follow_rule(by: Actor, row: FollowRule | None, fields: Fields) -> None:
    kinds = {"person": "people", "group": "teams", "team": "teams", "service": "services", "type": "incident_types"}
    incidents.save_follow_rule(
        by, row, **{**fields, **{name: find(kind, fields[name]) for name, kind in kinds.items()}}
    )


def _process(by: Actor, row: ProcessVersion | None, fields: Fields) -> None:
    before = process.last_big_change(row) if row is not None else ""
    big = fields["big_change"] or ""
    readiness.publish_process(
        by, fields["sections"], note=big if big != before else "", asks_anew=big not in ("", before)
    )


def _thresholds(by: Actor, row: ReadinessThresholds | None, fields: Fields) -> None:
    readiness.set_thresholds(by, {name: value for name, value in fields.items() if name != "of"})


def _thresholds_as_shipped(by: Actor, row: ReadinessThresholds) -> None:
    readiness.set_thresholds(by, None)


def _withdrawn(by: Actor, row: ProcessVersion) -> None:
    readiness.withdraw_process(by)


SAVE: dict[str, Callable[[Actor, Any, Fields], Any]] = {
    "people": _person,
    "teams": _team,
    "schedules": _schedule,
    "workspaces": _workspace,
    "webhooks": _webhook,
    "bridges": _bridge,
    "policies": _policy,
    "services": save_service,
    "integrations": _integration,
    "routes": _route,
    "connections": _connection,
    "indicators": _indicator,
    "runners": _runner,
    "mitigations": _mitigation,
    "runbooks": runbooks.save,
    "status_pages": _status_page,
    "stakeholder_lists": _stakeholder_list,
    "update_templates": _update_template,
    "incident_types": _incident_type,
    "incident_states": _incident_state,
    "venue_plans": _venue_plan,
    "workflows": _workflow,
    "scenarios": _scenario,
    "severities": _severity,
    "guidance": _guidance,
    "role_rotations": _role_rotation,
    "triage": _triage,
    "follow_rules": _follow_rule,
    "process": _process,
    "readiness": _thresholds,
}
DELETE: dict[str, Callable[[Actor, Any], Any]] = {
    "people": accounts.deactivate_person,
    "teams": accounts.delete_team,
    "schedules": oncall.delete_schedule,
    "workspaces": workspaces.delete_workspace,
    "webhooks": outgoing.delete_webhook,
    "bridges": venues.delete_bridge,
    "policies": paging.delete_policy,
    "services": catalog.delete_service,
    "integrations": intake.delete_integration,
    "routes": intake.delete_route,
    "connections": evidence.delete_connection,
    "indicators": evidence.delete_indicator,
    "runners": mitigations.delete_runner,
    "mitigations": mitigations.delete_mitigation,
    "runbooks": delete_runbook,
    "status_pages": status.delete_status_page,
    "stakeholder_lists": status.delete_list,
    "update_templates": incidents.delete_template,
    "incident_types": incidents.delete_type,
    "incident_states": incidents.delete_state,
    "venue_plans": venues.delete_plan,
    "workflows": workflows.delete_workflow,
    "scenarios": drills.delete_scenario,
    "severities": _no_severity,
    "guidance": _as_shipped,
    "role_rotations": incidents.delete_rotation,
    "triage": incidents.remove_triage_rule,
    "follow_rules": incidents.delete_follow_rule,
    "process": _withdrawn,
    "readiness": _thresholds_as_shipped,
}
