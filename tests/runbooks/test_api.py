"""The library by API, command line and configuration file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

import factories as make
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.accounts.commands import make_token
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read as read_all
from watchroom.config.schema import Document
from watchroom.config.text import dump, parse
from watchroom.runbooks import queries
from watchroom.runbooks.models import Runbook

pytestmark = pytest.mark.django_db
STEPS = [
    {"part": "confirm", "title": "Open the shop", "expect": "Slow"},
    {"part": "confirm", "kind": "ask", "title": "Is it?", "answers": [{"text": "Yes"}, {"text": "No", "go_to": "end"}]},
    {"part": "call", "kind": "call", "title": "Call the shop", "target": "team:shop"},
]


def call(client: Any, person: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    key = make_token(acting(person), name="t", scope="admin")[1]
    send = getattr(client, method)
    extra = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    answer = send(f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"}, **extra)
    return answer.status_code, answer.json() if answer.content else None


def test_all_of_it_by_api(client: Any) -> None:
    manager, team = make.person("Mona"), make.team("Shop", slug="shop")
    make.membership(team, manager, "manager")
    service = make.service(team=team, slug="checkout")
    body = {
        "name": "Checkout is slow",
        "team": "shop",
        "services": ["checkout"],
        "matchers": ['alertname="Slow"'],
        "steps": STEPS,
    }
    status, made = call(client, manager, "post", "/runbooks", body)
    assert (status, made["slug"], made["version"]) == (201, "checkout-is-slow", 1)
    assert [each["key"] for each in made["steps"]] == ["open-the-shop", "is-it", "call-the-shop"]
    assert {"diagnose", "mitigate", "resolve", "reviews", "run", "summary"} == {each["code"] for each in made["lacks"]}
    assert call(client, manager, "get", "/runbooks/checkout-is-slow")[1] == made
    assert call(client, manager, "put", "/runbooks/checkout-is-slow", made) == (200, made)
    status, changed = call(
        client, manager, "patch", "/runbooks/checkout-is-slow", {"owner": manager.email, "review_days": 30}
    )
    assert (status, changed["owner"], changed["services"], changed["version"]) == (200, manager.email, ["checkout"], 1)
    assert (
        call(client, manager, "patch", "/runbooks/checkout-is-slow", {"owner": "", "steps": STEPS[:1]})[1]["version"]
        == 2
    )
    status, versions = call(client, manager, "get", "/runbooks/checkout-is-slow/versions")
    assert [each["verb"] for each in versions["items"][0]["changed"]] == ["removed", "removed"]
    assert len(call(client, manager, "get", "/runbooks/checkout-is-slow/versions/1")[1]) == 3
    assert call(client, manager, "post", "/runbooks/checkout-is-slow/versions/1/take-back")[1]["version"] == 3
    assert call(client, manager, "post", "/runbooks/checkout-is-slow/review")[1]["reviewed_by"] == "Mona"
    assert call(client, manager, "post", "/runbooks/checkout-is-slow/links")[1]["links"] == []
    text = call(client, manager, "get", "/runbooks/checkout-is-slow/markdown")[1]["markdown"]
    dry = {"markdown": text, "team": "shop", "name": "Another", "dry_run": True}
    status, seen = call(client, manager, "post", "/runbooks/markdown", dry)
    assert (status, seen["slug"], seen["steps"]) == (200, None, made["steps"])
    assert Runbook.objects.count() == 1
    assert call(client, manager, "post", "/runbooks/markdown", dry | {"dry_run": False})[1]["slug"] == "another"
    status, listed = call(client, manager, "get", "/runbooks?service=checkout&q=slow")
    assert [each["slug"] for each in listed["items"]] == ["checkout-is-slow"]
    group = make.group("Slow", service=service, group_labels={"alertname": "Slow"})
    assert [each["slug"] for each in call(client, manager, "get", f"/alert-groups/{group.pk}/runbooks")[1]] == [
        "checkout-is-slow"
    ]
    status, problem = call(
        client, manager, "post", "/runbooks", body | {"steps": [STEPS[1] | {"answers": [{"text": "x", "go_to": "y"}]}]}
    )
    assert (status, problem["field"]) == (422, "steps[0].answers[0].go_to")
    stranger = make.person()
    make.membership(make.team(), stranger, "manager")
    for method, path, sent in (
        ("put", "/runbooks/checkout-is-slow", body), ("patch", "/runbooks/checkout-is-slow", {"name": "x"}),
        ("delete", "/runbooks/checkout-is-slow", None), ("post", "/runbooks/checkout-is-slow/review", None),
        ("post", "/runbooks/checkout-is-slow/links", None), ("post", "/runbooks/checkout-is-slow/versions/1/take-back", None),
        ("post", "/runbooks/markdown", {"markdown": text, "runbook": "checkout-is-slow"}), ("post", "/runbooks", body),
        ("post", "/runbooks/markdown", {"markdown": text, "team": "shop", "dry_run": True}),
    ):  # fmt: skip
        assert call(client, stranger, method, path, sent)[0] == 403, path
    dry = {"markdown": text, "dry_run": True}
    assert (
        call(client, stranger, "post", "/runbooks/markdown", dry)[0] == 200
    )  # who manages a team may look how it is read
    assert call(client, make.person(role="responder"), "post", "/runbooks/markdown", dry)[0] == 403
    assert call(client, manager, "delete", "/runbooks/checkout-is-slow")[0] == 204
    assert call(client, manager, "get", "/runbooks/checkout-is-slow")[0] == 404


def run(*words: str, **kwargs: Any) -> Result:
    result = CliRunner().invoke(cli, list(words), **kwargs)
    assert result.exit_code == 0, result.output
    return result


def test_all_of_it_by_command_line(tmp_path: Path) -> None:
    make.person("Root", "administrator")
    make.team("Shop", slug="shop")
    steps = tmp_path / "steps.json"
    steps.write_text(json.dumps(STEPS))
    run("runbook", "create", "Checkout is slow", "--team", "shop", "--match", 'alertname="Slow"', "--steps", str(steps))
    assert "checkout-is-slow" in run("runbook", "list").output
    shown = run("runbook", "show", "checkout-is-slow").output
    for said in (
        "Confirm that it is real",
        "Open the shop",
        "Slow",
        "It lacks:",
        "does not say how to stop the bleeding",
    ):
        assert said in shown, said
    run("runbook", "change", "checkout-is-slow", "--summary", "When it is slow", "--review-days", "30")
    row = Runbook.objects.get()
    assert (row.summary, row.matchers, row.version) == ("When it is slow", ['alertname="Slow"'], 1)
    exported = run("runbook", "export", "checkout-is-slow").output
    page = tmp_path / "page.md"
    page.write_text(exported.replace("Open the shop", "Open the search").replace("# Checkout", "# Search"))
    assert (
        "It would be read like this: Search is slow, 3 steps."
        in run("runbook", "import", str(page), "--dry-run").output
    )
    assert "Saved as search-is-slow" in run("runbook", "import", str(page), "--team", "shop").output
    run("runbook", "import", "-", "--into", "checkout-is-slow", input="## Fix\n1. Restart it\n")
    assert "added Restart it" in run("runbook", "versions", "checkout-is-slow").output
    run("runbook", "versions", "checkout-is-slow", "--take-back", "1")
    row.refresh_from_db()
    assert queries.steps_in(row)[0].title == "Open the shop"
    assert "is due on" in run("runbook", "review", "checkout-is-slow").output
    assert "It has no links." in run("runbook", "check-links", "checkout-is-slow").output
    run("runbook", "delete", "checkout-is-slow")
    assert [each.slug for each in Runbook.objects.all()] == ["search-is-slow"]


FILE = """
version: 1
people: [{email: ada@example.org, name: Ada}]
teams: [{slug: shop, name: Shop}]
services: [{slug: checkout, name: Checkout, team: shop}]
mitigations: [{slug: roll-back, name: Roll back, team: shop, how: Press it.}]
runbooks:
  - slug: slow
    name: Checkout is slow
    team: shop
    services: [checkout]
    matchers: ['alertname = Slow']
    owner: ada@example.org
    review_days: 90
    steps:
      - {part: confirm, title: Open the shop, expect: It is slow}
      - {part: mitigate, kind: run, title: Roll it back, mitigation: roll-back}
      - {part: call, kind: call, title: Call Ada, target: "person:ada@example.org"}
"""


def file(text: str) -> Document:
    return parse(yaml.safe_load(text), "test.yaml")


def test_all_of_it_by_file() -> None:
    apply(SYSTEM, file(FILE))
    row = Runbook.objects.get()
    assert (row.owner.email, row.matchers, row.version) == ("ada@example.org", ['alertname="Slow"'], 1)  # type: ignore[union-attr]
    assert preview(file(FILE)) == []
    assert preview(file(dump(read_all()))) == []
    apply(SYSTEM, file(FILE.replace("Open the shop", "Open the search")))
    row.refresh_from_db()
    assert row.version == 2
    [step] = preview(file(FILE.partition("runbooks:")[0] + "runbooks: []\n"), prune=True)
    assert (step.verb, step.kind, step.key) == ("delete", "runbooks", "slow")
    apply(SYSTEM, file(FILE.partition("runbooks:")[0] + "runbooks: []\n"), prune=True)
    assert not Runbook.objects.exists()
    with pytest.raises(Exception, match="leads nowhere"):
        file(FILE.replace("expect: It is slow", "kind: ask, answers: [{text: x, go_to: y}]"))
