"""What the indicator of a mitigation shows before and after a run. One question to the metrics server, which remembers."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..connectors.base import Metrics, Window
from ..evidence.rules import expressions
from ..kernel.plugins import all_of
from . import rules
from .models import MitigationRun

BEFORE = timedelta(minutes=5)
STEP_SECONDS = 15.0


def effect_of(run: MitigationRun, now: datetime) -> rules.Effect | None:
    """None: it has no indicator that can be drawn, or nothing was measured on one of the sides.

    :raises EvidenceFailed: the server did not answer.
    """
    indicator = run.mitigation.indicator if run.mitigation else None
    connector = all_of("watchroom.connectors").get(indicator.connection.kind) if indicator else None
    if indicator is None or not isinstance(connector, Metrics):
        return None
    service = indicator.service
    labels = {str(name): str(value) for name, value in service.labels.items()}
    expression = expressions.fill(indicator.expression, service=service.slug, labels=labels, of_alert={})
    window = Window(run.started_at - BEFORE, now)
    found = connector.query_range(dict(indicator.connection.settings), expression, window, STEP_SECONDS)
    # Several lines, such as one per instance, are judged by their mean at each moment.
    points = [point for series in found.series for point in series.points]
    return rules.effect(
        str(indicator.name),
        points,
        started=run.started_at.timestamp(),
        ended=now.timestamp(),
        worse=indicator.worse,
        threshold=indicator.threshold,
    )
