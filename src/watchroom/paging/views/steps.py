"""The rows of the policy form: what stands in them, and the steps that they mean."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ..conditions import WORKDAYS
from ..models import EscalationStep, StepTarget

_TEXTS = (
    "minutes",
    "webhook",
    "chat",
    "incident",
    "mitigation",
    "runbook",
    "step_urgency",
    "if_urgency",
    "hours",
    "start",
    "end",
    "zone",
    "labels",
    "alerts",
    "in_minutes",
)


def empty_row() -> dict[str, Any]:
    """A step that nobody has filled in."""
    return (
        dict.fromkeys(_TEXTS, "")
        | {"minutes": "5", "chosen": [], "severities": set(), "round_robin": False, "pause": False}
        | {"days": set(WORKDAYS)}
    )


def form_row(given: QueryDict, number: int) -> dict[str, Any]:
    """What was typed into row ``number``, as it was typed."""
    return empty_row() | {
        **{name: given.get(f"{name}-{number}", "") for name in _TEXTS},
        "chosen": given.getlist(f"targets-{number}"),
        "severities": set(given.getlist(f"severities-{number}")),
        "days": set(given.getlist(f"days-{number}")),
        "round_robin": f"round_robin-{number}" in given,
        "pause": f"pause-{number}" in given,
    }


def arranged(rows: list[dict[str, Any]], wish: str) -> list[dict[str, Any]]:
    """The rows after ``up:2`` (the third changes places with the second), ``insert:2`` (an empty one before it) or
    ``remove:2``. Any other wish leaves them as they are."""
    what, _, text = wish.partition(":")
    number = whole(text, 3)
    if number is None or number >= len(rows):
        return rows
    before, here, after = rows[:number], rows[number], rows[number + 1 :]
    match what:
        case "up" if before:
            return [*before[:-1], here, before[-1], *after]
        case "insert":
            return [*before, empty_row(), here, *after]
        case "remove":
            return [*before, *after]
    return rows


def row_of(step: EscalationStep) -> dict[str, Any]:
    """A step as a row of the form."""
    targets = list(step.targets.all())
    when = step.conditions
    hours = when.get("hours") or {}
    return empty_row() | {
        "minutes": f"{step.wait_seconds / 60:g}",
        "chosen": [choice for choice in map(_choice, targets) if choice],
        "chat": "\n".join(f"{target.workspace.slug} {target.room}".strip() for target in targets if target.workspace),
        "webhook": "\n".join(target.webhook for target in targets if target.webhook),
        "incident": next((str(t.incident_severity) for t in targets if t.incident_severity is not None), ""),
        "mitigation": next((t.mitigation for t in targets if t.mitigation), ""),
        "runbook": next((f"{t.runbook}/{t.runbook_step}".rstrip("/") for t in targets if t.runbook), ""),
        "step_urgency": step.urgency,
        "round_robin": step.round_robin,
        "pause": step.pause,
        "if_urgency": when.get("urgency", ""),
        "severities": set(when.get("severities", ())),
        "days": set(hours.get("days", WORKDAYS)),
        "hours": ("outside" if hours["outside"] else "inside") if hours else "",
        "start": hours.get("start", ""),
        "end": hours.get("end", ""),
        "zone": hours.get("zone", ""),
        "labels": ", ".join(f"{name}={value}" for name, value in when.get("labels", {}).items()),
        "alerts": str(when.get("alerts", "") or ""),
        "in_minutes": str(when.get("minutes", "") or ""),
    }


def _choice(target: StepTarget) -> str:
    if target.person_id:
        return f"person:{target.person_id}"
    if target.schedule_id:
        who = "" if target.who == StepTarget.Who.CURRENT else f"/{target.who}"
        return f"schedule{who}:{target.schedule_id}"
    if target.role:
        return f"role:{target.role}"
    return f"team:{target.team_id}" if target.team_id else ""


def step_from(given: QueryDict, number: int) -> dict[str, Any] | None:
    """The step that row ``number`` means; None where nothing has been chosen.

    :raises Refused: names the field that can't be read.
    """
    row, where = form_row(given, number), f"steps[{number}]"
    targets: list[dict[str, Any]] = []
    for each in given.getlist(f"targets-{number}"):
        kind, _, pk = each.partition(":")
        kind, _, who = kind.partition("/")
        if kind == "role":
            targets.append({"role": pk})
        elif (identity := whole(pk)) is not None:
            targets.append({kind: identity} | ({"who": who} if who else {}))
    targets += [{"webhook": url} for url in row["webhook"].split()]
    for line in row["chat"].splitlines():
        workspace, _, room = line.strip().partition(" ")
        if workspace:
            targets.append({"chat": workspace, "room": room.strip()})
    if (severity := whole(row["incident"])) is not None:
        targets.append({"incident": severity})
    if row["mitigation"]:
        targets.append({"mitigation": row["mitigation"]})
    if row["runbook"]:
        slug, _, key = row["runbook"].partition("/")
        targets.append({"runbook": slug, "runbook_step": key})
    if not targets and not row["pause"]:
        return None
    try:
        wait = round(float(row["minutes"] or 5) * 60)
    except (ValueError, OverflowError):
        raise Refused(
            "That is not a number of minutes.",
            field=f"{where}.wait_seconds",
            value=row["minutes"],
            fix="Use a number, such as 5.",
        ) from None
    conditions: dict[str, Any] = {
        "urgency": row["if_urgency"],
        "severities": sorted(row["severities"]),
        "labels": labels_from(row["labels"], f"{where}.conditions.labels"),
        "alerts": row["alerts"],
        "minutes": row["in_minutes"],
    }
    if row["hours"]:
        conditions["hours"] = {
            "zone": row["zone"] or "UTC",
            "start": row["start"],
            "end": row["end"],
            "outside": row["hours"] == "outside",
            "days": sorted(row["days"]),
        }
    return {
        "wait_seconds": wait,
        "urgency": row["step_urgency"],
        "round_robin": row["round_robin"],
        "pause": row["pause"],
        "targets": targets,
        "conditions": conditions,
    }


def labels_from(text: str, where: str) -> dict[str, str]:
    """``env=prod, team=shop`` as a mapping. Raises ``Refused`` for a part without ``=``."""
    found = {}
    for part in text.replace("\n", ",").split(","):
        if part.strip():
            name, sign, value = part.partition("=")
            if not sign or not name.strip():
                raise Refused(
                    "Labels are written name=value.", field=where, value=part.strip(), fix="For example env=prod."
                )
            found[name.strip()] = value.strip()
    return found
