"""How incidents are responded to here: types, states, severities, guards, who is asked and who follows."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...incidents import commands as incidents
from ...incidents.histories import minutes_by_severity
from ...incidents.models import (
    FollowRule,
    GuidanceSetting,
    IncidentState,
    IncidentType,
    RoleRotation,
    SeverityDefinition,
    TriageRule,
    UpdateTemplate,
)
from ...incidents.states import by_phase
from ._kind import Fields, Find, Kind, by_column, slug_of, with_team

_OF_A_TEMPLATE = ("stage", "severities", "audience", "happening", "impact", "doing")
_OF_A_SEVERITY = ("level", "name", "definition", "update_minutes", "roles", "customers", "urgent")
_NAMED_BY_A_FOLLOW_RULE = {
    "person": "people", "group": "teams", "team": "teams", "service": "services", "type": "incident_types"
}  # fmt: skip
_NAMED_BY_A_ROTATION = {"team": "teams", "service": "services", "schedule": "schedules", "person": "people"}


def _templates() -> dict[str, Fields]:
    return {
        row.slug: {"slug": row.slug, "name": row.name, "team": row.team.slug}
        | {name: getattr(row, name) for name in _OF_A_TEMPLATE}
        for row in UpdateTemplate.objects.select_related("team")
    }


def _types() -> dict[str, Fields]:
    return {
        row.slug: {"slug": row.slug, "name": row.name, "team": row.team.slug}
        | {name: getattr(row, name) for name in ("description", "private", "offered", "fields")}
        for row in IncidentType.objects.select_related("team")
    }


def _states() -> dict[str, Fields]:
    return {
        row.slug: {"slug": row.slug, "team": slug_of(row.team), "retired": row.retired_at is not None}
        | {name: getattr(row, name) for name in ("name", "phase", "order", "description")}
        | {"types": sorted(each.slug for each in row.types.all())}
        for row in by_phase(IncidentState.objects.select_related("team").prefetch_related("types"))
    }


def _save_state(by: Actor, row: IncidentState | None, fields: Fields, find: Find) -> None:
    types = [find("incident_types", each) for each in fields["types"]]
    incidents.save_state(by, row, **{**fields, "team": find("teams", fields["team"]), "types": types})


def _severities() -> dict[str, Fields]:
    return {row.key: {name: getattr(row, name) for name in _OF_A_SEVERITY} for row in SeverityDefinition.objects.all()}


def _find_severity(key: str) -> SeverityDefinition | None:
    return SeverityDefinition.objects.filter(pk=int(key.removeprefix("SEV"))).first()


def _save_severity(by: Actor, row: SeverityDefinition | None, fields: Fields, find: Find) -> None:
    incidents.save_severity(by, **fields)


def _severity_as_shipped(by: Actor, row: SeverityDefinition) -> None:
    incidents.reset_severity(by, row.level)


def _guidance() -> dict[str, Fields]:
    return {
        row.rule: {
            "rule": row.rule,
            "enabled": row.enabled,
            "after_minutes": None if row.after_minutes is None else minutes_by_severity(row.after_minutes),
        }
        for row in GuidanceSetting.objects.all()
    }


def _save_guidance(by: Actor, row: GuidanceSetting | None, fields: Fields, find: Find) -> None:
    incidents.set_guidance(by, **fields)


def _guidance_as_shipped(by: Actor, row: GuidanceSetting) -> None:
    incidents.reset_guidance(by, row.rule)


def _rotations() -> dict[str, Fields]:
    return {
        row.slug: {name: getattr(row, name) for name in ("slug", "role", "least_severity", "answer_minutes")}
        | {name: slug_of(getattr(row, name)) for name in ("team", "service", "schedule")}
        | {"person": row.person.email if row.person else None}
        for row in RoleRotation.objects.select_related("team", "service", "schedule", "person")
    }


def _save_rotation(by: Actor, row: RoleRotation | None, fields: Fields, find: Find) -> None:
    found = {name: find(kind, fields[name]) for name, kind in _NAMED_BY_A_ROTATION.items()}
    incidents.save_rotation(by, row, **{**fields, **found})


def _triage() -> dict[str, Fields]:
    return {row.of: {"of": row.of} for row in TriageRule.objects.all()}


def _save_triage(by: Actor, row: TriageRule | None, fields: Fields, find: Find) -> None:
    incidents.add_triage_rule(by, fields["of"])


def _follow_rules() -> dict[str, Fields]:
    return {
        row.slug: {"slug": row.slug, "least_severity": row.least_severity, "level": row.level}
        | {name: slug_of(getattr(row, name)) for name in ("group", "team", "service", "type")}
        | {"person": row.person.email if row.person else None}
        for row in FollowRule.objects.select_related("person", "group", "team", "service", "type")
    }


def _save_follow_rule(by: Actor, row: FollowRule | None, fields: Fields, find: Find) -> None:
    found = {name: find(kind, fields[name]) for name, kind in _NAMED_BY_A_FOLLOW_RULE.items()}
    incidents.save_follow_rule(by, row, **{**fields, **found})


KINDS = (
    Kind(
        "update_templates", _templates, by_column(UpdateTemplate),
        with_team(incidents.save_template), incidents.delete_template,
    ),
    Kind("incident_types", _types, by_column(IncidentType), with_team(incidents.save_type), incidents.delete_type),
    Kind("incident_states", _states, by_column(IncidentState), _save_state, incidents.delete_state),
    Kind("severities", _severities, _find_severity, _save_severity, _severity_as_shipped),
    Kind("guidance", _guidance, by_column(GuidanceSetting, "rule"), _save_guidance, _guidance_as_shipped),
    Kind("role_rotations", _rotations, by_column(RoleRotation), _save_rotation, incidents.delete_rotation),
    Kind("triage", _triage, by_column(TriageRule, "of"), _save_triage, incidents.remove_triage_rule),
    Kind("follow_rules", _follow_rules, by_column(FollowRule), _save_follow_rule, incidents.delete_follow_rule),
)  # fmt: skip
