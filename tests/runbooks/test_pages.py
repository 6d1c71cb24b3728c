"""The pages of the library."""

from __future__ import annotations

from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.mitigations.commands import save_mitigation
from watchroom.runbooks import commands, queries
from watchroom.runbooks.beginnings import OFFERED
from watchroom.runbooks.models import Runbook

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Person:
    return make.person("Mona", "manager")


@pytest.fixture
def runbook(manager: Person) -> Runbook:
    service = make.service("Checkout", slug="checkout")
    by = acting(manager)
    save_mitigation(by, None, team=service.team, name="Roll back", how="Press it", risk="medium")
    return commands.save_runbook(
        by, None, team=service.team, name="Checkout is slow", summary="When it is *slow*.", services=[service],
        matchers=['alertname="Slow"'], owner=manager, review_days=30,
        steps=[
            {"part": "confirm", "title": "Open the shop", "text": "```\ncurl https://shop\n```", "expect": "Slow", "minutes": 2},
            {"part": "confirm", "kind": "ask", "key": "slow", "title": "Is it slow?",
             "answers": [{"text": "Yes"}, {"text": "No", "go_to": "end"}]},
            {"part": "diagnose", "kind": "look", "title": "Look at the graph", "url": "https://grafana.example.org/d/1"},
            {"part": "mitigate", "kind": "run", "title": "Roll it back", "mitigation": "roll-back"},
            {"part": "call", "kind": "call", "title": "Call Mona", "target": f"person:{manager.email}"},
        ],
    )  # fmt: skip


def sent(*steps: dict[str, Any], **said: Any) -> dict[str, Any]:
    """What the form sends."""
    found: dict[str, Any] = {"rows": str(len(steps)), "do": "save", **said}
    for number, step in enumerate(steps):
        for name, value in ({"kind": "do", "part": "confirm", "title": "x"} | step).items():
            found[f"{name}-{number}"] = value
    return found


def test_it_is_read_by_whoever_is_awake(client: Any, runbook: Runbook, django_assert_max_num_queries: Any) -> None:
    client.force_login(make.person(), backend=BACKEND)
    with django_assert_max_num_queries(16):
        answer = client.get("/runbooks/checkout-is-slow")
    page = answer.content.decode()
    assert answer.status_code == 200
    for said in (
        "Confirm that it is real", "<em>slow</em>", "data-copy", "curl https://shop", "You should see:</strong> Slow", "about 2 min",
        'href="https://grafana.example.org/d/1"', "Roll back", "Medium risk", "Press it", "Mona", "Page them", 'href="#step-look-at-the-graph"',
        "you are done", "does not say how to see that it is over", "alertname=&quot;Slow&quot;",
    ):  # fmt: skip
        assert said in page, said
    assert "Still right" not in page
    assert "/edit" not in page
    assert client.get("/runbooks/nothing").status_code == 404
    assert client.get("/runbooks/checkout-is-slow.md").content.decode().startswith("# Checkout is slow\n")


def test_what_it_names_may_be_gone(client: Any, runbook: Runbook, manager: Person) -> None:
    queries.named_in(queries.steps_in(runbook)).mitigations["roll-back"].delete()
    Person.objects.filter(pk=manager.pk).update(is_active=False)
    client.force_login(make.person(), backend=BACKEND)
    page = client.get("/runbooks/checkout-is-slow").content.decode()
    assert "The mitigation roll-back is gone" in page
    assert "is no longer here" in page


def test_the_list_is_searched_and_says_what_is_lacking(
    client: Any, runbook: Runbook, manager: Person, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        commands.save_runbook(acting(manager), None, team=runbook.team, name=f"R {number}", steps=[])
    client.force_login(make.person(), backend=BACKEND)
    with django_assert_max_num_queries(16):
        page = client.get("/runbooks").content.decode()
    assert "Checkout is slow" in page
    assert "It has no steps yet" in page
    for address, there in (
        ("?q=checkout", True), ("?q=nothing", False), ("?lacks=steps", False), ("?lacks=resolve", True), ("?service=checkout", True),
        (f"?team={runbook.team.slug}", True), ("?team=another", False),
    ):  # fmt: skip
        assert ("Checkout is slow" in client.get(f"/runbooks{address}").content.decode()) is there, address


def test_an_empty_library_teaches_and_offers_a_beginning(client: Any, manager: Person) -> None:
    make.team()
    client.force_login(manager, backend=BACKEND)
    page = client.get("/runbooks").content.decode()
    for key, each in OFFERED.items():
        assert f"/runbooks/new?begin={key}" in page
        begun = client.get(f"/runbooks/new?begin={key}").content.decode()
        assert each["steps"][0]["title"] in begun
    client.force_login(make.person(), backend=BACKEND)
    assert "begin=" not in client.get("/runbooks").content.decode()


def test_steps_are_added_moved_and_removed_without_a_script(client: Any, manager: Person) -> None:
    team = make.team()
    client.force_login(manager, backend=BACKEND)
    first, last = {"title": "Look", "key": ""}, {"title": "Call", "part": "call", "kind": "call", "target": "team:x"}
    added = client.post("/runbooks/new", sent(first, last, do="add", new_part="mitigate", new_kind="run", name="N"))
    assert [row["step"].part for row in added.context["rows"]] == ["confirm", "mitigate", "call"]
    assert added.context["rows"][1]["look"]
    assert b'value="N"' in added.content
    moved = client.post("/runbooks/new", sent(first, last, do="up:1"))
    assert [row["step"].title for row in moved.context["rows"]] == ["Call", "Look"]
    assert moved.context["rows"][1]["step"].key == "look"
    gone = client.post("/runbooks/new", sent(first, last, do="remove:0"))
    assert [row["step"].title for row in gone.context["rows"]] == ["Call"]
    other = client.post("/runbooks/new", sent(first | {"kind": "ask"}, do="look:0"))
    assert len(other.context["rows"][0]["answers"]) == 2
    shown = client.post("/runbooks/new", sent({"title": "Look", "text": "**now**"}, do="preview"))
    assert b"<strong>now</strong>" in shown.content
    for nonsense in ("up:9", "down:x", "remove:", "dance:0", "add", "look:7"):
        assert client.post("/runbooks/new", sent(first, do=nonsense)).status_code == 200
    assert not Runbook.objects.exists()
    fields = {"name": "It is slow", "team": team.pk, "matchers": 'a="b"\n\nc="d"', "review_days": "30"}
    steps = (first, {"title": "Is it?", "kind": "ask", "answer": ["Yes", "No", ""], "to": ["", "look", ""]})
    saved = client.post("/runbooks/new", sent(*steps, **fields))
    assert (saved.status_code, saved["Location"]) == (302, "/runbooks/it-is-slow")
    row = Runbook.objects.get()
    assert row.matchers == ['a="b"', 'c="d"']
    assert [(each.text, each.go_to) for each in queries.steps_in(row)[1].answers] == [("Yes", ""), ("No", "look")]
    page = client.get("/runbooks/it-is-slow/edit").content.decode()
    assert '<option value="look" selected>→ 1. Look' in page


def test_a_refusal_stands_at_its_step(client: Any, runbook: Runbook, manager: Person) -> None:
    client.force_login(manager, backend=BACKEND)
    fields = {"name": "N", "team": runbook.team_id}
    wrong = client.post("/runbooks/new", sent({}, {"kind": "run"}, **fields))
    assert wrong.status_code == 422
    assert wrong.context["rows"][1]["error"]
    assert wrong.context["rows"][0]["error"] is None
    assert client.post("/runbooks/new", sent({}, **fields | {"matchers": "nonsense"})).status_code == 422
    assert client.post("/runbooks/new", sent({}, **fields | {"name": ""})).status_code == 422
    assert client.post("/runbooks/new", sent({}, **fields | {"team": make.team().pk + 99})).status_code == 422
    assert Runbook.objects.count() == 1


WIKI = "# Search is down\n\n## Symptoms\n1. Open it\n\n   Expected: an error\n\n## Fix\n1. Restart it\n\n   ```\n   kubectl\n   ```\n"


def test_a_wiki_page_is_seen_before_it_is_saved(client: Any, runbook: Runbook, manager: Person) -> None:
    client.force_login(manager, backend=BACKEND)
    seen = client.post("/runbooks/paste", {"text": WIKI, "do": "preview"})
    assert seen.status_code == 200
    for said in (b"Stop the bleeding", b"Restart it", b"kubectl", b"an error", b'value="Search is down"'):
        assert said in seen.content
    assert Runbook.objects.count() == 1
    saved = client.post("/runbooks/paste", {"text": WIKI, "do": "save", "name": "Search", "team": runbook.team.slug})
    assert saved["Location"] == "/runbooks/search"
    assert client.post("/runbooks/paste", {"text": WIKI, "do": "save", "name": "Search 2"}).status_code == 422
    assert client.post("/runbooks/paste", {"text": "nothing", "do": "preview"}).status_code == 422
    into = client.post("/runbooks/checkout-is-slow/paste", {"text": WIKI, "do": "save"})
    assert into["Location"] == "/runbooks/checkout-is-slow"
    row = queries.runbook_by(acting(manager), "checkout-is-slow")
    assert (row.version, row.summary, row.services.count()) == (2, "When it is *slow*.", 1)


def test_versions_are_compared_and_taken_back(client: Any, runbook: Runbook, manager: Person) -> None:
    commands.save_runbook(
        acting(manager), runbook, **queries.said_of(runbook), steps=[{"part": "confirm", "title": "Open the shop", "expect": "Fast"}]
    )  # fmt: skip
    client.force_login(manager, backend=BACKEND)
    page = client.get("/runbooks/checkout-is-slow/versions").content.decode()
    for said in (
        "Version 2",
        "Removed:</strong> Is it slow?",
        "Changed:</strong> Open the shop",
        ">Slow</del>",
        ">Fast</ins>",
    ):
        assert said in page
    assert b"This is version 1" in client.get("/runbooks/checkout-is-slow/versions/1").content
    assert client.get("/runbooks/checkout-is-slow/versions/9").status_code == 404
    assert client.post("/runbooks/checkout-is-slow/versions/1/take-back").status_code == 302
    assert len(queries.steps_in(queries.runbook_by(acting(manager), runbook.slug))) == 5


def test_who_may_press_what(client: Any, runbook: Runbook, manager: Person) -> None:
    stranger = make.person()
    make.membership(make.team(), stranger, "manager")
    client.force_login(stranger, backend=BACKEND)
    base = "/runbooks/checkout-is-slow"
    for path in ("/edit", "/paste"):
        assert client.get(f"{base}{path}").status_code == 403
        assert client.post(f"{base}{path}", sent({}, name="Theirs", team=runbook.team_id)).status_code == 403
    for path in ("/review", "/links", "/delete", "/versions/1/take-back"):
        assert client.post(f"{base}{path}").status_code == 403
        assert client.get(f"{base}{path}").status_code == 405
    assert client.post("/runbooks/new", sent({}, name="Mine", team=runbook.team_id)).status_code == 422
    client.force_login(make.person(), backend=BACKEND)
    assert client.get("/runbooks/new").status_code == 403
    assert client.get("/runbooks/paste").status_code == 403
    client.force_login(manager, backend=BACKEND)
    assert client.post(f"{base}/review").status_code == 302
    assert b"by Mona" in client.get(base).content
    assert client.post(f"{base}/delete").status_code == 302
    assert not Runbook.objects.exists()


def test_a_services_page_shows_its_runbooks(client: Any, runbook: Runbook, manager: Person) -> None:
    client.force_login(manager, backend=BACKEND)
    Runbook.objects.update(summary="When *CheckoutSlow* fires")
    shown = client.get("/services/checkout").content
    assert b"/runbooks/checkout-is-slow" in shown and b"When CheckoutSlow fires" in shown
    service = runbook.services.get()
    assert b"data-find" in client.get(f"/runbooks/new?service={service.pk}").content
