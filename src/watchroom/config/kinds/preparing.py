"""What a team does before the next incident: scenarios to practise, the process, from when on something counts as lacking."""

from __future__ import annotations

from dataclasses import asdict

from ...accounts.actors import Actor
from ...drills import commands as drills
from ...drills.models import Scenario
from ...readiness import commands as readiness
from ...readiness.models import ProcessVersion, ReadinessThresholds
from ...readiness.queries import process
from ..difference import State
from ._kind import Fields, Find, Kind, by_column


def _scenarios() -> dict[str, Fields]:
    return {
        row.slug: {"slug": row.slug, "name": row.name, "team": row.team.slug}
        | {name: getattr(row, name) for name in ("story", "severity", "minutes", "injects", "expectations")}
        | {"services": sorted(each.slug for each in row.services.all())}
        for row in Scenario.objects.select_related("team").prefetch_related("services")
    }


def _save_scenario(by: Actor, row: Scenario | None, fields: Fields, find: Find) -> None:
    services = [find("services", slug) for slug in fields["services"]]
    drills.save_scenario(by, row, **{**fields, "team": find("teams", fields["team"]), "services": services})


def _find_process(key: str) -> ProcessVersion | None:
    return process.current()


def _publish(by: Actor, row: ProcessVersion | None, fields: Fields, find: Find) -> None:
    before = process.last_big_change(row) if row is not None else ""
    big = fields["big_change"] or ""
    readiness.publish_process(
        by, fields["sections"], note=big if big != before else "", asks_anew=big not in ("", before)
    )


def _withdraw(by: Actor, row: ProcessVersion) -> None:
    readiness.withdraw_process(by)


def _complete_process(wanted: State, current: State) -> None:
    for said in wanted.get("process", {}).values():
        if said.get("big_change", ()) is None:  # the last one stays the last one
            del said["big_change"]


def _thresholds() -> dict[str, Fields]:
    return {row.of: {"of": row.of} | asdict(row.said) for row in ReadinessThresholds.objects.exclude(values={})}


def _find_thresholds(key: str) -> ReadinessThresholds | None:
    return ReadinessThresholds.objects.filter(pk=1).first()


def _set_thresholds(by: Actor, row: ReadinessThresholds | None, fields: Fields, find: Find) -> None:
    readiness.set_thresholds(by, {name: value for name, value in fields.items() if name != "of"})


def _thresholds_as_shipped(by: Actor, row: ReadinessThresholds) -> None:
    readiness.set_thresholds(by, None)


KINDS = (
    Kind("scenarios", _scenarios, by_column(Scenario), _save_scenario, drills.delete_scenario),
    Kind("process", process.as_said, _find_process, _publish, _withdraw, complete=_complete_process),
    Kind("readiness", _thresholds, _find_thresholds, _set_thresholds, _thresholds_as_shipped),
)
