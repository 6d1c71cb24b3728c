"""A runbook is carried out from a shell."""

from __future__ import annotations

from typing import Any

import pytest

import factories as make
from cli.shell import data, run
from runbooks.books import fail_over, runbook, shop
from watchroom.incidents.commands import declare
from watchroom.mitigations.models import MitigationRun
from watchroom.runbooks.models import RunbookRun

pytestmark = pytest.mark.django_db


def test_from_the_first_step_to_whether_it_helped(clock: Any) -> None:
    make.person("Root", "administrator")
    fail_over()
    book = runbook()
    incident = declare(make.actor(), title="Disk full", team=shop(), services=[make.service("Checkout")])
    book.services.set(incident.services.all())
    assert "disk-full" in run("runbook", "offered", "--incident", str(incident.pk)).output
    begun = run("runbook", "start", "disk-full", "--incident", str(incident.pk))
    assert "Next is look: Is the disk full?" in begun.output, begun.output
    number = str(RunbookRun.objects.get().pk)
    assert "  2. Data" in run("runbook", "step", number, "look", "--note", "94 %").output
    led = run("runbook", "answer", number, "which", "2").output
    assert "It starts fail-over" in led
    assert run("runbook", "begin", number, "fail-over").output.strip() == f"Started in incident {incident.pk}."
    assert MitigationRun.objects.count() == 1
    assert "Next is dba" in run("runbook", "step", number, "fail-over", "--failed").output
    assert "Next is fail-over" in run("runbook", "step", number, "fail-over", "--undo").output
    run("runbook", "step", number, "fail-over")
    assert "nothing is left" in run("runbook", "step", number, "dba", "--skip", "It is well again").output
    assert "over (partly). Action item" in run("runbook", "finish", number, "--helped", "partly", "--mend").output
    assert data("runbook", "run", number)["helped"] == "partly"
    assert "Disk full" in run("runbook", "runs").output
    refused = run("runbook", "step", number, "purge")
    assert refused.exit_code == 1 and "over" in refused.output
