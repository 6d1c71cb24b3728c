"""Reads about what this installation means by its severities; one query, however many are asked for."""

from __future__ import annotations

from .models import SeverityDefinition
from .rules.severities import DEFAULTS, Severity


def all_severities() -> dict[int, Severity]:
    """Every severity by its level, the worst first."""
    rows = {row.level: of_row(row) for row in SeverityDefinition.objects.all()}
    return {level: rows.get(level, default) for level, default in DEFAULTS.items()}


def severity_of(level: int) -> Severity:
    """One severity."""
    row = SeverityDefinition.objects.filter(pk=level).first()
    return of_row(row) if row is not None else DEFAULTS[level]


def of_row(row: SeverityDefinition) -> Severity:
    """What a row says."""
    return Severity(
        row.level, row.definition, row.update_minutes, tuple(row.roles), row.name, row.customers, row.urgent
    )


def choices() -> list[tuple[int, str]]:
    """What a form offers, each with its definition."""
    return [(level, each.meaning) for level, each in all_severities().items()]
