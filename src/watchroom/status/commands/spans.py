"""The one writer of how components have been."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ..models import Component, ComponentSpan, ComponentState


def set_spans(
    states: Mapping[int, str], cause: str, at: datetime, *, subject: int = 0, others_end: bool = False
) -> None:
    """From ``at`` on, ``cause`` says ``states`` of components by id (operational: nothing any more).

    With ``others_end``, components that are not named are operational again as far as this cause and subject goes.
    Inside the caller's transaction.
    """
    rows = ComponentSpan.objects.filter(cause=cause, subject=subject, ended_at__isnull=True)
    if not others_end:
        rows = rows.filter(component__in=list(states))
    open_spans = {row.component_id: row for row in rows}
    changed = []
    for pk in {*states, *open_spans}:
        wanted, there = states.get(pk, ComponentState.OPERATIONAL), open_spans.get(pk)
        if there is not None and there.state == wanted:
            continue
        if there is None and wanted == ComponentState.OPERATIONAL:
            continue
        if there is not None:
            end_span(there, at)
        if wanted != ComponentState.OPERATIONAL:
            ComponentSpan.objects.create(component_id=pk, cause=cause, subject=subject, state=wanted, started_at=at)
        changed.append(pk)
    if changed:
        Component.objects.filter(pk__in=changed).update(changed_at=at)


def end_span(span: ComponentSpan, at: datetime) -> None:
    """It ended at ``at``; what never lasted did not happen."""
    if at <= span.started_at:
        span.delete()
    else:
        span.ended_at = at
        span.save(update_fields=["ended_at"])
