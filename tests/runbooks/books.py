"""Runbooks for tests, as rows: how they are written is tested elsewhere."""

from __future__ import annotations

from typing import Any

import factories as make
from watchroom.accounts.models import Team
from watchroom.mitigations import commands as mitigations
from watchroom.mitigations.models import Mitigation
from watchroom.runbooks.models import Runbook, RunbookVersion
from watchroom.runbooks.rules import Answer, Step

STEPS = (
    Step("look", "look", "confirm", "Is the disk full?", url="https://grafana.example.org/d/disk"),
    Step("which", "ask", "diagnose", "Which disk?", answers=(Answer("Logs"), Answer("Data", "fail-over"))),
    Step("purge", "do", "mitigate", "Delete old logs", text="`rm -rf /var/log/old`", expect="50 % free"),
    Step("fail-over", "run", "mitigate", "Fail over", mitigation="fail-over"),
    Step("dba", "call", "call", "Call the database team", target="team:databases"),
)


def shop() -> Team:
    """The team that has it all."""
    return Team.objects.filter(slug="shop").first() or make.team("Shop", slug="shop")


def runbook(name: str = "Disk full", *steps: Step, **fields: Any) -> Runbook:
    """A runbook with a first version."""
    fields = {"team": shop(), "slug": name.lower().replace(" ", "-"), "version": 1} | fields
    row = Runbook.objects.create(name=name, **fields)
    return version(row, *(steps or STEPS)) if row.version else row


def version(row: Runbook, *steps: Step) -> Runbook:
    """The next version (or the first) of a runbook."""
    if row.versions.exists():
        row.version += 1
        row.save()
    RunbookVersion.objects.create(runbook=row, version=row.version, steps=[step.as_json() for step in steps])
    return row


def fail_over(**fields: Any) -> Mitigation:
    """The mitigation that a step of it starts; made, or changed."""
    team = shop()
    given = {"name": "Fail over", "how": "1. Press the button."} | fields
    return mitigations.save_mitigation(
        make.actor(), Mitigation.objects.filter(slug="fail-over").first(), team=team, **given
    )
