"""Making what is there into what is wanted, through the packages' own commands, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from django.db import transaction

from ..accounts import commands as accounts
from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..catalog import commands as catalog
from ..catalog.models import Service
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
from ..insights.pay import rules_of, set_pay
from ..intake import commands as intake
from ..intake.models import Integration, Route
from ..kernel import clock
from ..kernel.errors import Refused, WatchroomError
from ..kernel.plugins import all_of
from ..mitigations import commands as mitigations
from ..mitigations.models import Mitigation, Runner
from ..oncall import commands as oncall
from ..oncall.models import Schedule, Temporary
from ..outgoing import commands as outgoing
from ..outgoing.models import Webhook
from ..paging import commands as paging
from ..paging.models import EscalationPolicy, QuietHours
from ..sources.base import Configured
from ..status import commands as status
from ..status.models import StakeholderList, StatusPage
from ..venues import commands as venues
from ..venues.models import Bridge, VenuePlan
from ..workflows import commands as workflows
from ..workflows.models import Workflow
from ..workspaces import commands as workspaces
from ..workspaces.models import Workspace
from . import alerting
from .current import notification_rules, read
from .difference import State, Step, plan
from .parts import plain_time
from .schema import KEYS, Document, defaults, state_of

Fields = dict[str, Any]
_MODELS: dict[str, Any] = {
    "people": Person,
    "teams": Team,
    "schedules": Schedule,
    "workspaces": Workspace,
    "webhooks": Webhook,
    "bridges": Bridge,
    "policies": EscalationPolicy,
    "services": Service,
    "integrations": Integration,
    "routes": Route,
    "connections": Connection,
    "indicators": Indicator,
    "runners": Runner,
    "mitigations": Mitigation,
    "status_pages": StatusPage,
    "stakeholder_lists": StakeholderList,
    "update_templates": UpdateTemplate,
    "incident_types": IncidentType,
    "incident_states": IncidentState,
    "venue_plans": VenuePlan,
    "workflows": Workflow,
    "guidance": GuidanceSetting,
    "role_rotations": RoleRotation,
    "triage": TriageRule,
    "follow_rules": FollowRule,
}


def preview(document: Document, *, prune: bool = False) -> list[Step]:
    """What applying ``document`` would do."""
    current = read()
    return plan(current, _sorted(state_of(document), current), prune=prune)


def apply(by: Actor, document: Document, *, prune: bool = False) -> tuple[list[Step], dict[str, str]]:
    """Apply ``document``: all of it, or nothing. Returns what was done, and the keys of new integrations, and secrets of new
    webhooks, by slug.

    :raises WatchroomError: something is not accepted; names the thing, the field, the value and the fix.
    """
    keys: dict[str, str] = {}
    with transaction.atomic():
        current = read()
        wanted = _sorted(state_of(document), current)
        steps = plan(current, wanted, prune=prune)
        replaced: list[tuple[str, list[Fields]]] = []  # schedules' temporary ones, once all schedules are there
        later: list[tuple[str, list[str]]] = []  # services' needs, once all services are there
        for step in steps:
            try:
                if step.verb == "delete":
                    (_DELETE | alerting.DELETE)[step.kind](by, _find(step.kind, step.key))
                    continue
                fields = {
                    **defaults(step.kind),
                    **current.get(step.kind, {}).get(step.key, {}),
                    **wanted[step.kind][step.key],
                }
                thing = _find(step.kind, step.key) if step.verb == "change" else None
                if step.kind == "schedules" and "temporary" in step.changes:
                    replaced.append((step.key, fields["temporary"]))
                if step.kind == "services" and fields["needs"]:
                    later.append((step.key, fields["needs"]))
                if step.kind in alerting.SAVE:
                    alerting.SAVE[step.kind](by, thing, fields, _find)
                    continue
                key = _SAVE[step.kind](by, thing, fields)
                if isinstance(key, str):
                    keys[step.key if step.kind == "integrations" else f"{step.kind} {step.key}"] = key
            except WatchroomError as error:
                error.field = f"{step.kind}[{step.key}].{error.field}".rstrip(".")
                raise
        for slug, temporary in replaced:
            _temporaries(by, slug, temporary, current.get("schedules", {}).get(slug, {}).get("temporary", []))
        for slug, needs in later:
            _service(by, _find("services", slug), {**read()["services"][slug], "needs": needs}, with_needs=True)
    return steps, keys


def _sorted(wanted: State, current: State) -> State:
    """In the order in which things can be made, members and needs in the order in which they are read back."""
    ordered = {kind: wanted[kind] for kind in KEYS if kind in wanted}
    for person in ordered.get("people", {}).values():
        if person.get("notification_rules", ()) is None:  # as they set it themselves
            del person["notification_rules"]
    for team in ordered.get("teams", {}).values():
        if "members" in team:
            team["members"] = sorted(team["members"], key=lambda member: member["email"])
    for service in ordered.get("services", {}).values():
        if "needs" in service:
            service["needs"] = sorted(service["needs"])
    for schedule in ordered.get("schedules", {}).values():
        if "temporary" in schedule:  # what is over is history
            open_ones = [each for each in schedule["temporary"] if each["ends_at"] > plain_time(clock.now())]
            schedule["temporary"] = sorted(open_ones, key=lambda each: str(each["starts_at"]))
    _fill_runners(ordered, current)
    alerting.completed(ordered, current)
    return ordered


def _fill_runners(wanted: State, current: State) -> None:
    """What a runner takes where nothing is said, so that a file is compared with what it means."""
    plugins = all_of("watchroom.runners")
    known = {**current.get("runners", {}), **wanted.get("runners", {})}
    for runner in wanted.get("runners", {}).values():
        if "settings" in runner and (plugin := plugins.get(runner["kind"])):
            runner["settings"] = {f.name: f.default for f in plugin.fields if f.default} | runner["settings"]
    for slug, mitigation in wanted.get("mitigations", {}).items():
        before = current.get("mitigations", {}).get(slug, {})
        runner = known.get(mitigation.get("runner", before.get("runner")) or "", {})
        plugin = plugins.get(runner.get("kind", ""))
        if plugin and "inputs" in mitigation:
            mitigation["inputs"] = {f.name: f.default for f in plugin.inputs if f.default} | mitigation["inputs"]


def _find(kind: str, key: str | None) -> Any:
    """The thing with this key; None of none.

    :raises Refused: there is no such thing.
    """
    if key is None:
        return None
    if kind == "indicators":
        service, _, name = key.partition("/")
        return Indicator.objects.filter(service__slug=service, name=name).first()
    if kind in alerting.SAVE:
        return alerting.find(kind, key)
    if kind == "severities":
        return SeverityDefinition.objects.filter(pk=int(key.removeprefix("SEV"))).first()
    lookup = f"{KEYS[kind]}__iexact" if kind == "people" else KEYS[kind]
    found = _MODELS[kind].objects.filter(**{lookup: key}).first()
    if found is None:
        raise Refused(
            f"There is no {kind.replace('_', ' ')} entry {key!r}.",
            field=kind,
            value=key,
            fix="Add it to the file, or correct the name.",
        )
    return found


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
        accounts.set_member(by, saved, _find("people", email), role)
    if (fields["limits"] is not None) or limits_of(saved)[1] is not None:
        set_limits(by, saved, fields["limits"])
    if fields["weekly_list"] != WeeklyList.objects.filter(team=saved).exists():
        set_weekly_list(by, saved, fields["weekly_list"])
    if (fields["pay"] is not None) or rules_of(saved)[1]:
        set_pay(by, saved, fields["pay"])


def _schedule(by: Actor, schedule: Schedule | None, fields: Fields) -> None:
    rotations = [
        {
            **rotation,
            "until": None,
            "members": [[_find("people", email).pk for email in turn] for turn in rotation["members"]],
            "shadows": [[_find("people", email).pk for email in turn] for turn in rotation["shadows"]],
        }
        for rotation in fields["rotations"]
    ]
    fields = {name: value for name, value in fields.items() if name != "temporary"}
    oncall.save_schedule(by, schedule, **{**fields, "team": _find("teams", fields["team"]), "rotations": rotations})


def _temporaries(by: Actor, slug: str, wanted: list[Fields], there: list[Fields]) -> None:
    """Make the temporary schedules of one schedule into those that are wanted; what stays as it is is left alone."""
    schedule = _find("schedules", slug)
    for row in schedule.temporaries.filter(ends_at__gt=clock.now()).select_related("schedule__team"):
        said = next((each for each in there if (each["name"], each["starts_at"]) == _key(row)), None)
        if said not in wanted:
            oncall.end_temporary(by, row)
    for fields in wanted:
        if fields not in there:
            members = [[_find("people", email) for email in turn] for turn in fields["members"]]
            starts_at, ends_at = (datetime.fromisoformat(fields[name]) for name in ("starts_at", "ends_at"))
            found = {"members": members, "starts_at": starts_at, "ends_at": ends_at}
            oncall.add_temporary(by, schedule, **{**fields, **found, "other": _find("schedules", fields["other"])})


def _key(row: Temporary) -> tuple[str, str]:
    return row.name, plain_time(row.starts_at)


def _workspace(by: Actor, workspace: Workspace | None, fields: Fields) -> None:
    workspaces.save_workspace(by, workspace, **{**fields, "team": _find("teams", fields["team"])})


def _webhook(by: Actor, row: Webhook | None, fields: Fields) -> str | None:
    _, secret = outgoing.save_webhook(by, row, **{**fields, "team": _find("teams", fields["team"])})
    return secret or None


def _bridge(by: Actor, row: Bridge | None, fields: Fields) -> None:
    venues.save_bridge(by, row, **{**fields, "team": _find("teams", fields["team"])}, secrets_follow=True)


def _venue_plan(by: Actor, row: VenuePlan | None, fields: Fields) -> None:
    found = {
        name: _find(kind, fields[name])
        for name, kind in (("team", "teams"), ("workspace", "workspaces"), ("bridge", "bridges"))
    }
    venues.save_plan(by, row, **{**fields, **found})


def _workflow(by: Actor, row: Workflow | None, fields: Fields) -> None:
    workflows.save_workflow(by, row, **{**fields, "team": _find("teams", fields["team"])})


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
                    kind: _find(kinds[kind], value).pk if kind in kinds else value
                    for kind, value in target.items()
                    if value is not None
                }
                for target in step["targets"]
            ],
        }
        for step in fields["steps"]
    ]
    paging.save_policy(
        by, policy, **{**fields, "team": _find("teams", fields["team"]), "steps": steps}, mitigations_follow=True
    )


def _service(by: Actor, service: Service | None, fields: Fields, with_needs: bool = False) -> None:
    policy = _find("policies", fields["policy"])
    needs = [_find("services", slug).pk for slug in fields["needs"]] if with_needs else []
    catalog.save_service(
        by,
        service,
        **{**fields, "team": _find("teams", fields["team"]), "needs": needs, "policy": policy.pk if policy else None},
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
        **{**fields, "team": _find("teams", fields["team"]), "service": _find("services", fields["service"])},
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
            "parent": _find("routes", fields["parent"]),
            "team": _find("teams", fields["team"]),
            "service": _find("services", fields["service"]),
            "policy": _find("policies", fields["policy"]),
            "severities": None
            if fields["severities"] is None
            else [intake.SeverityRule(**rule) for rule in fields["severities"]],
        },
    )


def _connection(by: Actor, connection: Connection | None, fields: Fields) -> None:
    evidence.save_connection(by, connection, **{**fields, "team": _find("teams", fields["team"])})


def _indicator(by: Actor, indicator: Indicator | None, fields: Fields) -> None:
    found = {"service": _find("services", fields["service"]), "connection": _find("connections", fields["connection"])}
    evidence.save_indicator(by, indicator, **{**fields, **found})


def _mitigation(by: Actor, mitigation: Mitigation | None, fields: Fields) -> None:
    mitigations.save_mitigation(
        by,
        mitigation,
        **{
            **fields,
            "team": _find("teams", fields["team"]),
            "service": _find("services", fields["service"]),
            "indicator": _find("indicators", fields["indicator"]),
            "runner": _find("runners", fields["runner"]),
        },
    )


def _runner(by: Actor, runner: Runner | None, fields: Fields) -> None:
    mitigations.save_runner(by, runner, **{**fields, "team": _find("teams", fields["team"])}, secrets_follow=True)


def _status_page(by: Actor, page: StatusPage | None, fields: Fields) -> None:
    status.save_status_page(by, page, **{**fields, "team": _find("teams", fields["team"])})


def _stakeholder_list(by: Actor, row: StakeholderList | None, fields: Fields) -> None:
    status.save_list(by, row, **{**fields, "team": _find("teams", fields["team"])})


def _update_template(by: Actor, row: UpdateTemplate | None, fields: Fields) -> None:
    incidents.save_template(by, row, **{**fields, "team": _find("teams", fields["team"])})


def _incident_type(by: Actor, row: IncidentType | None, fields: Fields) -> None:
    incidents.save_type(by, row, **{**fields, "team": _find("teams", fields["team"])})


def _incident_state(by: Actor, row: IncidentState | None, fields: Fields) -> None:
    types = [_find("incident_types", each) for each in fields["types"]]
    incidents.save_state(by, row, **{**fields, "team": _find("teams", fields["team"]), "types": types})


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
        name: _find(kind, fields[name])
        for name, kind in (("team", "teams"), ("service", "services"), ("schedule", "schedules"), ("person", "people"))
    }
    incidents.save_rotation(by, row, **{**fields, **found})


def _triage(by: Actor, row: TriageRule | None, fields: Fields) -> None:
    incidents.add_triage_rule(by, fields["of"])


def _follow_rule(by: Actor, row: FollowRule | None, fields: Fields) -> None:
    kinds = {"person": "people", "group": "teams", "team": "teams", "service": "services", "type": "incident_types"}
    incidents.save_follow_rule(
        by, row, **{**fields, **{name: _find(kind, fields[name]) for name, kind in kinds.items()}}
    )


_SAVE: dict[str, Callable[[Actor, Any, Fields], Any]] = {
    "people": _person,
    "teams": _team,
    "schedules": _schedule,
    "workspaces": _workspace,
    "webhooks": _webhook,
    "bridges": _bridge,
    "policies": _policy,
    "services": _service,
    "integrations": _integration,
    "routes": _route,
    "connections": _connection,
    "indicators": _indicator,
    "runners": _runner,
    "mitigations": _mitigation,
    "status_pages": _status_page,
    "stakeholder_lists": _stakeholder_list,
    "update_templates": _update_template,
    "incident_types": _incident_type,
    "incident_states": _incident_state,
    "venue_plans": _venue_plan,
    "workflows": _workflow,
    "severities": _severity,
    "guidance": _guidance,
    "role_rotations": _role_rotation,
    "triage": _triage,
    "follow_rules": _follow_rule,
}
_DELETE: dict[str, Callable[[Actor, Any], Any]] = {
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
    "status_pages": status.delete_status_page,
    "stakeholder_lists": status.delete_list,
    "update_templates": incidents.delete_template,
    "incident_types": incidents.delete_type,
    "incident_states": incidents.delete_state,
    "venue_plans": venues.delete_plan,
    "workflows": workflows.delete_workflow,
    "severities": _no_severity,
    "guidance": _as_shipped,
    "role_rotations": incidents.delete_rotation,
    "triage": incidents.remove_triage_rule,
    "follow_rules": incidents.delete_follow_rule,
}
