"""Indicators, which say how a service does, and the catalog of mitigations."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...evidence import commands as evidence
from ...evidence.models import Indicator
from ...kernel.plugins import all_of
from ...mitigations import commands as mitigations
from ...mitigations.models import Mitigation
from ..difference import State
from ._kind import Fields, Find, Kind, by_column, slug_of


def _indicators() -> dict[str, Fields]:
    rows = Indicator.objects.select_related("service", "connection").order_by("service__slug", "position", "id")
    return {
        _key(row): {
            "service": row.service.slug,
            "name": row.name,
            "connection": row.connection.slug,
            "kind": row.kind,
            "expression": row.expression,
            "unit": row.unit,
            "threshold": row.threshold,
            "worse": row.worse,
            "position": row.position,
        }
        for row in rows
    }


def _key(row: Indicator) -> str:
    return f"{row.service.slug}/{row.name}"


def _find_indicator(key: str) -> Indicator | None:
    service, _, name = key.partition("/")
    return Indicator.objects.filter(service__slug=service, name=name).first()


def _save_indicator(by: Actor, indicator: Indicator | None, fields: Fields, find: Find) -> None:
    found = {"service": find("services", fields["service"]), "connection": find("connections", fields["connection"])}
    evidence.save_indicator(by, indicator, **{**fields, **found})


def _mitigations() -> dict[str, Fields]:
    return {
        row.slug: {
            "slug": row.slug,
            "name": row.name,
            "team": row.team.slug,
            "service": slug_of(row.service),
            "kind": row.kind,
            "how": row.how,
            "check_text": row.check_text,
            "undo": row.undo,
            "risk": row.risk,
            "indicator": _key(row.indicator) if row.indicator else None,
            "runner": slug_of(row.runner),
            "inputs": row.inputs,
            "timeout_seconds": row.timeout_seconds,
            "needs_approval": row.needs_approval,
            "managers_only": row.managers_only,
        }
        for row in Mitigation.objects.select_related("team", "service", "runner", "indicator__service")
    }


def _save_mitigation(by: Actor, mitigation: Mitigation | None, fields: Fields, find: Find) -> None:
    kinds = {"team": "teams", "service": "services", "indicator": "indicators", "runner": "runners"}
    found = {name: find(kind, fields[name]) for name, kind in kinds.items()}
    mitigations.save_mitigation(by, mitigation, **{**fields, **found})


def _complete_mitigations(wanted: State, current: State) -> None:
    """With what a runner takes where nothing is said, so that a file is compared with what it means."""
    plugins = all_of("watchroom.runners")
    known = {**current.get("runners", {}), **wanted.get("runners", {})}
    for slug, mitigation in wanted.get("mitigations", {}).items():
        before = current.get("mitigations", {}).get(slug, {})
        runner = known.get(mitigation.get("runner", before.get("runner")) or "", {})
        plugin = plugins.get(runner.get("kind", ""))
        if plugin and "inputs" in mitigation:
            mitigation["inputs"] = {f.name: f.default for f in plugin.inputs if f.default} | mitigation["inputs"]


KINDS = (
    Kind("indicators", _indicators, _find_indicator, _save_indicator, evidence.delete_indicator),
    Kind(
        "mitigations", _mitigations, by_column(Mitigation), _save_mitigation, mitigations.delete_mitigation,
        complete=_complete_mitigations,
    ),
)  # fmt: skip
