"""What a file no longer says goes back to how Watchroom came, where nobody else says it (decision 11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

import factories as make
from watchroom.catalog.models import Service
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, left_alone, preview
from watchroom.config.current import read
from watchroom.config.models import Said
from watchroom.config.schema import Document, defaults
from watchroom.config.text import dump, parse
from watchroom.demo.make import make as make_demo
from watchroom.incidents.rules.severities import DEFAULTS
from watchroom.oncall.models import Schedule
from watchroom.status.models import StatusPage

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


PART = "version: 1\nteams: [{slug: shop, name: Shop}]\nservices: [{slug: pay, name: Pay, team: shop%s}]\n"


def test_a_line_that_is_taken_out_is_named_and_goes_back_to_its_default_when_pruned(tmp_path: Path) -> None:
    """What the file said before counts; what no file ever said stays."""
    make.person("Root", "administrator")
    file = tmp_path / "watchroom.yaml"

    def applied(more: str, *arguments: str) -> str:
        file.write_text(PART % more)
        return run("apply", "-f", str(file), *arguments).output.strip()

    assert "+ services pay" in applied(", tier: 1, labels: {env: prod}")
    Service.objects.update(description="By page.")
    assert applied(", tier: 1, labels: {env: prod}", "--prune") == "Nothing to do."
    for arguments in ((), ("--dry-run",), ()):
        left = "No longer said, and left as it is without --prune:\n  services pay: labels, tier"
        assert applied("", *arguments) == f"Nothing to do.\n{left}"
    for arguments in (("--dry-run",), ()):
        assert applied("", "--prune", *arguments) == '~ services pay: labels {"env": "prod"} → {}, tier 1 → 2'
    pay = Service.objects.get()
    assert (pay.tier, pay.labels, pay.description) == (2, {}, "By page.")
    Service.objects.update(tier=4)  # by page: it has not been the file's since
    assert applied("", "--prune") == "Nothing to do."
    assert applied(", tier: 3") == "~ services pay: tier 4 → 3"
    Service.objects.all().delete()
    assert "+ services pay" in applied(", tier: 3") and applied(", tier: 3", "--prune") == "Nothing to do."


def _shop(source: str, **more: Any) -> Document:
    named = {"source": source} if source else {}
    return parse({"version": 1, **named, "teams": [{"slug": "shop", "name": "Shop"}], **more}, "file")


PAGING: dict[str, Any] = {
    "people": [{"email": "anna@example.org", "name": "Anna", "role": "responder"}],
    "schedules": [
        {
            "slug": "shop",
            "name": "Shop",
            "team": "shop",
            "rotations": [{"name": "Weekly", "starts_at": "2026-01-05T09:00", "members": [["anna@example.org"]]}],
        }
    ],
    "policies": [{"slug": "shop", "name": "Shop", "team": "shop", "steps": [{"targets": [{"schedule": "shop"}]}]}],
    "services": [{"slug": "pay", "name": "Pay", "team": "shop", "policy": "shop"}],
    "status_pages": [{"slug": "shop", "name": "Shop", "team": "shop", "public": False}],
}
BARE: dict[str, Any] = {
    "schedules": [{"slug": "shop", "name": "Shop", "team": "shop", "description": "Ours."}],
    "services": [{"slug": "pay", "name": "Pay", "team": "shop", "tier": 1}],
    "status_pages": [{"slug": "shop", "name": "Shop", "team": "shop", "description": "Ours."}],
}


@pytest.mark.parametrize(("first", "second"), [("", ""), ("paging", "shop"), ("paging", ""), ("", "shop")])
def test_a_second_file_takes_away_nothing_that_the_first_one_says(first: str, second: str) -> None:
    """Neither who is paged, nor that a page is not for everybody."""
    by = make.actor()
    apply(by, _shop(first, **PAGING))
    steps = apply(by, _shop(second, **BARE))[0]
    assert {name for step in steps for name in step.changes} == {"description", "tier"}
    if first != second:  # and then it may even prune, and say less
        apply(by, _shop(second, services=[], schedules=[], policies=[]), prune=True)
    service = Service.objects.get()
    assert service.policy is not None and Schedule.objects.get().rotations.count() == 1
    assert not StatusPage.objects.get().public
    assert apply(by, _shop(first, **PAGING))[0] == []


def test_a_named_file_takes_back_its_own_and_nothing_that_another_says_too() -> None:
    by = make.actor()
    service = {"slug": "pay", "name": "Pay", "team": "shop"}
    mine = {"slug": "mine", "name": "Mine", "team": "shop"}
    make.service("By page", slug="by-page")
    apply(by, _shop("a", services=[service | {"tier": 1, "description": "A", "labels": {"a": "1"}}, mine]))
    apply(by, _shop("b", services=[service | {"tier": 1}]))
    less = _shop("a", services=[service | {"labels": {"a": "1"}}])
    assert apply(by, less)[0] == []
    assert left_alone(less) == ["services pay: description", "services mine"]
    assert [str(step) for step in preview(less, prune=True)] == [
        '~ services pay: description "A" → ""',
        "- services mine",
    ]
    apply(by, less, prune=True)
    assert (Service.objects.get(slug="pay").tier, left_alone(less)) == (1, [])
    assert [str(step) for step in apply(by, _shop("a", services=[]), prune=True)[0]] == []
    assert [str(step) for step in apply(by, _shop("b", services=[]), prune=True)[0]] == ["- services pay"]
    assert Service.objects.get().slug == "by-page" and not Said.objects.filter(kind="services").exists()


def test_a_file_that_is_given_a_name_takes_along_what_it_said_without_one() -> None:
    by = make.actor()
    service = {"slug": "pay", "name": "Pay", "team": "shop"}
    apply(by, _shop("", services=[service | {"tier": 1}]))
    apply(by, _shop("a", services=[service | {"tier": 1}]))
    assert [str(step) for step in apply(by, _shop("a", services=[service]), prune=True)[0]] == [
        "~ services pay: tier 1 → 2"
    ]


def test_a_folder_has_one_source_and_the_command_may_name_it(tmp_path: Path) -> None:
    make.person("Root", "administrator")
    (tmp_path / "a.yaml").write_text("source: a\nteams: [{slug: shop, name: Shop}]\n")
    (tmp_path / "b.yaml").write_text("services: [{slug: pay, name: Pay, team: shop}]\n")
    assert run("apply", "-f", str(tmp_path)).exit_code == 0
    assert run("apply", "-f", str(tmp_path), "--source", "c").exit_code == 0
    assert set(Said.objects.values_list("source", "kind")) == {(s, k) for s in "ac" for k in ("teams", "services")}
    (tmp_path / "b.yaml").write_text("source: b\nservices: [{slug: pay, name: Pay, team: shop}]\n")
    refused = run("apply", "-f", str(tmp_path))
    assert refused.exit_code == 1 and "names another source" in refused.output


def test_what_was_refused_or_only_looked_at_has_not_been_said(tmp_path: Path) -> None:
    make.person("Root", "administrator")
    file = tmp_path / "watchroom.yaml"
    file.write_text(PART % "")
    run("apply", "-f", str(file))
    file.write_text(PART % ", tier: 1")
    run("apply", "-f", str(file), "--dry-run")
    file.write_text(PART % ", tier: 1, policy: none-such")
    assert run("apply", "-f", str(file)).exit_code == 1
    Service.objects.update(tier=3)
    file.write_text(PART % "")
    assert run("apply", "-f", str(file), "--prune").output.strip() == "Nothing to do."


def test_lines_of_a_severity_that_are_taken_out_are_as_watchroom_came() -> None:
    by, level = make.actor(), DEFAULTS[2]
    with_all = {"level": 2, "name": "Bad", "definition": "It hurts.", "update_minutes": 7, "roles": ["scribe"]}
    apply(by, parse({"severities": [with_all]}, "file"))
    steps = apply(by, parse({"severities": [{"level": 2, "name": "Bad"}]}, "file"), prune=True)[0]
    assert set(steps[0].changes) == {"definition", "update_minutes", "roles"}
    now = read()["severities"]["SEV2"]
    assert (now["name"], now["definition"], now["roles"]) == ("Bad", level.definition, list(level.roles))
    assert apply(by, parse({"severities": [{"level": 2, "name": "Bad"}]}, "file"))[0] == []


def test_every_default_of_the_schema_is_what_a_line_taken_out_comes_to() -> None:
    """Of kinds that can do with what is required alone."""
    make_demo()
    by, state = make.actor(), read()
    assert apply(by, parse(yaml.safe_load(dump(state)), "export"))[0] == []
    kinds = (
        "teams",
        "schedules",
        "services",
        "status_pages",
        "stakeholder_lists",
        "webhooks",
        "incident_types",
        "routes",
    )
    bare = {
        kind: [
            {name: value for name, value in thing.items() if name not in defaults(kind)}
            for thing in state[kind].values()
        ]
        for kind in kinds
    }
    steps = apply(by, parse({"version": 1, **bare}, "bare"), prune=True)[0]
    assert {step.verb for step in steps} == {"change"} and len({step.kind for step in steps}) > 3
    assert apply(by, parse({"version": 1, **bare}, "bare"))[0] == []
    now = read()
    for kind in kinds:
        for key, thing in now[kind].items():
            assert {name: thing[name] for name in defaults(kind)} == defaults(kind), (kind, key)
