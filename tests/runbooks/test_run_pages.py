"""The page of a run, its API and its commands."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

import factories as make
from runbooks.books import fail_over, runbook, shop
from watchroom.accounts.actors import Actor
from watchroom.actions.models import ActionItem
from watchroom.incidents.commands import declare
from watchroom.incidents.models import Incident
from watchroom.mitigations.models import MitigationRun
from watchroom.paging.models import Escalation
from watchroom.runbooks.commands import finish_run, say, start_run
from watchroom.runbooks.models import RunbookRun
from watchroom.runbooks.offering import offered_for, offered_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def by() -> Actor:
    return make.actor("Ada", "responder")


@pytest.fixture
def web(client: Client, by: Actor) -> Client:
    assert by.person is not None
    client.force_login(by.person)
    return client


@pytest.fixture
def incident(by: Actor) -> Incident:
    return declare(by, title="Disk full", team=shop())


def test_a_run_from_the_first_press_to_the_last(web: Client, incident: Incident) -> None:
    fail_over()
    owner = make.person("Olga")
    book = runbook(owner=owner)
    make.membership(make.team("Databases", slug="databases"), make.person("Dana", "responder"))
    begun = web.post(f"/runbooks/{book.slug}/start", {"incident": incident.pk})
    run = RunbookRun.objects.get()
    assert begun.status_code == 302 and begun["Location"] == f"/runbook-runs/{run.pk}"
    path = f"/runbook-runs/{run.pk}"

    def page(query: str = "") -> str:
        return web.get(path + query).content.decode()

    assert '<h2 id="here-title">Is the disk full?</h2>' in page() and "Step 1 of 5" in page()
    web.post(f"{path}/steps/look", {"do": "done", "note": "94 %"})
    assert "94 %" in page() and '<h2 id="here-title">Which disk?</h2>' in page()
    assert '<h2 id="here-title">Delete old logs</h2>' in page("?step=purge")
    web.post(f"{path}/steps/which/answers/2", {"do": "answer"})
    assert "“Data”" in page() and "Left out by an answer" in page() and "Start: Fail over" in page()
    web.post(f"{path}/steps/fail-over", {"do": "start"})
    assert "It worked" in page() and MitigationRun.objects.get().incident == incident
    web.post(f"{path}/steps/fail-over", {"do": "failed"})
    assert MitigationRun.objects.get().outcome == "no_effect"
    assert "Page everybody in Databases" in page()
    web.post(f"{path}/steps/dba", {"do": "skipped"})
    assert "Why is it skipped?" in page(), "the refusal is shown"
    web.post(f"{path}/steps/dba", {"do": "call"})
    assert Escalation.objects.filter(kind="direct", title__contains="Call the database team").exists()
    assert "Did it help?" in page()
    web.post(f"{path}/steps/dba", {"do": "undo"})
    assert '<h2 id="here-title">Call the database team</h2>' in page()
    web.post(f"{path}/finish", {"helped": "outdated", "note": "The button has moved"})
    assert "It is out of date" in page() and "Mend this runbook" in page()
    web.post(f"{path}/mend")
    web.post(f"{path}/mend")
    item = ActionItem.objects.get()
    assert (item.owner, item.incident, item.title) == (owner, incident, "Mend the runbook Disk full")
    assert "The button has moved" in item.description
    assert "Disk full" in web.get("/runbook-runs").content.decode()


def test_whoever_is_paged_works_on_it_for_the_alert_alone(web: Client, by: Actor) -> None:
    fail_over()
    group = make.group("Disk full", team=shop())
    web.post(f"/runbooks/{runbook().slug}/start", {"group": group.pk})
    run = RunbookRun.objects.get()
    page = web.get(f"/runbook-runs/{run.pk}?step=fail-over").content.decode()
    assert "Declare an incident, and start: Fail over" in page
    web.post(f"/runbook-runs/{run.pk}/steps/fail-over", {"do": "start", "declare": "1"})
    run.refresh_from_db()
    assert run.incident is not None and MitigationRun.objects.get().incident == run.incident


def test_who_only_reads_may_read_along_and_a_private_incident_is_not_there(client: Client, incident: Incident) -> None:
    run = start_run(make.actor(), runbook(), incident=incident)
    client.force_login(make.person("Val", "viewer"))
    page = client.get(f"/runbook-runs/{run.pk}").content.decode()
    assert "You may read along" in page and 'name="do"' not in page
    assert client.post(f"/runbook-runs/{run.pk}/steps/look", {"do": "done"}).status_code == 403
    assert client.post(f"/runbook-runs/{run.pk}/finish", {"helped": "no"}).status_code in (302, 403)
    assert not RunbookRun.objects.filter(ended_at__isnull=False).exists()
    Incident.objects.filter(pk=incident.pk).update(private=True)
    for address in (f"/runbook-runs/{run.pk}", f"/api/v1/runbook-runs/{run.pk}"):
        assert client.get(address).status_code == 404
    assert str(run.pk) not in str(client.get("/api/v1/runbook-runs").json()["items"])


def test_the_api_carries_it_out(web: Client, incident: Incident) -> None:
    fail_over()
    book = runbook()

    def post(path: str, **body: Any) -> Any:
        return web.post(f"/api/v1{path}", body, content_type="application/json")

    made = post("/runbooks/disk-full/start", incident=incident.pk, client_key="k")
    assert (
        made.status_code == 201
        and post("/runbooks/disk-full/start", incident=incident.pk).json()["id"] == made.json()["id"]
    )
    path = f"/runbook-runs/{made.json()['id']}"
    assert made.json()["next"] == "look" and made.json()["steps"][1]["answers"] == ["Logs", "Data"]
    assert post(f"{path}/steps/look", outcome="done", note="94 %").json()["next"] == "which"
    refused = post(f"{path}/steps/which", outcome="answered", answer="Perhaps")
    assert refused.status_code == 422 and refused.json()["field"] == "answer"
    led = post(f"{path}/steps/which", outcome="answered", answer="data").json()
    assert [each["state"] for each in led["steps"]] == ["done", "answered", "left_out", "open", "open"]
    assert post(f"{path}/steps/fail-over/start").status_code in (200, 422)
    assert post(f"{path}/steps/fail-over/start", declare=False).status_code == 200
    assert MitigationRun.objects.count() == 1
    assert post(f"{path}/steps/look/undo").json()["next"] == "look"
    done = post(f"{path}/finish", helped="helped").json()
    assert (done["helped"], done["next"]) == ("helped", None)
    assert post(f"{path}/mend").status_code == 201
    book.services.add(make.service("Checkout"))
    incident.services.set(book.services.all())
    offered = web.get(f"/api/v1/incidents/{incident.pk}/runbooks/offered").json()
    assert [(each["slug"], each["past"]) for each in offered] == [("disk-full", "Helped 1 of 1 time.")]
    assert web.get("/api/v1/runbook-runs?open=true").json()["items"] == []


def test_what_has_helped_is_offered_first_and_what_runs_is_not_offered_again(by: Actor) -> None:
    service = make.service("Checkout", team=shop())
    books = [runbook(name) for name in ("Aaa", "Bbb", "Ccc")]
    for each in books:
        each.services.add(service)
    incident, earlier = (declare(by, title=title, services=[service]) for title in ("now", "earlier"))
    finish_run(by, start_run(by, books[1], incident=earlier), helped="helped")
    finish_run(by, start_run(by, books[0], incident=earlier), helped="outdated")
    assert [str(each) for each in offered_in(by, incident)] == ["Bbb", "Ccc", "Aaa"]
    start_run(by, books[1], incident=incident)
    assert [str(each) for each in offered_in(by, incident)] == ["Ccc", "Aaa"]
    group = make.group("x", service=service)
    assert [str(each) for each in offered_for(by, group)] == ["Bbb", "Ccc", "Aaa"]
    incident.alert_groups.add(group)
    assert [str(each) for each in offered_for(by, group)] == ["Ccc", "Aaa"]


def test_as_many_questions_for_many_steps_as_for_few(
    web: Client, by: Actor, incident: Incident, django_assert_max_num_queries: Any
) -> None:
    run = start_run(by, runbook(), incident=incident)
    for key in ("look", "purge", "dba", "fail-over"):
        say(by, run, key, outcome="failed")
    web.get(f"/runbook-runs/{run.pk}")
    with django_assert_max_num_queries(24):
        web.get(f"/runbook-runs/{run.pk}")


def test_the_room_and_the_alert_offer_what_fits_and_show_what_runs(web: Client, by: Actor, incident: Incident) -> None:
    service = make.service("Checkout", team=shop())
    book = runbook()
    book.services.add(service)
    incident.services.add(service)
    group = make.group("x", service=service, team=shop())
    for address, about, pk in (("incidents", "incident", incident.pk), ("alerts", "group", group.pk)):
        page = web.get(f"/{address}/{pk}").content.decode()
        assert f'hx-get="/runbook-offers/{address}/{pk}"' in page, (
            "it is asked for by itself, so that the page does not wait"
        )
        part = web.get(f"/runbook-offers/{address}/{pk}").content.decode()
        assert f"/runbooks/{book.slug}/start" in part, (address, part)
        assert f'name="{about}" value="{pk}"' in part
    run = start_run(by, book, incident=incident)
    part = web.get(f"/runbook-offers/incidents/{incident.pk}").content.decode()
    assert "0 of 5 done. Next: Is the disk full?" in part and "/start" not in part
    finish_run(by, run, helped="partly", note="Slow")
    assert "It helped in part: Slow" in web.get(f"/runbook-offers/incidents/{incident.pk}").content.decode()
    web.force_login(make.person("Val", "viewer"))
    assert "/start" not in web.get(f"/runbook-offers/alerts/{group.pk}").content.decode()


def test_a_chart_within_the_page_is_not_looked_for_in_an_answer_that_has_no_page(
    web: Client, by: Actor, incident: Incident
) -> None:
    """``#run`` reads itself anew and takes ``#run`` from the answer; what stands in it asks for other things, and got nothing."""
    page = web.get(f"/runbook-runs/{start_run(by, runbook(), incident=incident).pk}").content.decode()
    tag = page[page.index('<div id="run"') :].partition(">")[0]
    assert 'hx-select="#run"' in tag and 'hx-disinherit="hx-select"' in tag


def test_whoever_reads_it_from_an_alert_begins_it_there(web: Client, by: Actor, incident: Incident) -> None:
    book, group = runbook(), make.group("Too slow", team=shop())
    begin = "Begin it, step by step"
    assert begin not in web.get(f"/runbooks/{book.slug}").content.decode(), "nobody knows for what"
    for path, field in ((f"?alert={group.pk}", "group"), (f"?incident={incident.pk}", "incident")):
        page = web.get(f"/runbooks/{book.slug}{path}").content.decode()
        assert begin in page and f'name="{field}"' in page
    assert begin not in web.get(f"/runbooks/{book.slug}?alert=999999").content.decode()
    made = web.post(f"/runbooks/{book.slug}/start", {"group": group.pk})
    page = web.get(f"/runbooks/{book.slug}?alert={group.pk}").content.decode()
    assert begin not in page and f'href="{made.url}"' in page and "Go on with it" in page
    web.force_login(make.person("Val", "viewer"))
    assert begin not in web.get(f"/runbooks/{book.slug}?incident={incident.pk}").content.decode()


def test_what_a_policy_has_proposed_is_approved_in_the_room_and_one_stays_there(web: Client, by: Actor) -> None:
    from watchroom.paging.commands import start_escalation
    from watchroom.paging.models import Approval

    group = make.group("x", team=shop())
    incident = declare(by, alert_groups=[group], team=shop())
    runbook()
    escalation = start_escalation(
        kind="alert_group", subject_id=group.pk, title="x", body="", path=f"/alerts/{group.pk}", team=shop(),
        people=[make.person("Ben")],
    )  # fmt: skip
    from watchroom.paging.hooks import proposed_by
    from watchroom.paging.rules import Target

    target = Target("runbook", 0, "disk-full")
    proposal = proposed_by(target)
    assert proposal is not None
    row = Approval.objects.create(
        escalation=escalation, title=proposal.title, mark=proposal.mark, proposed_at=incident.declared_at,
        **Approval.named(target),
    )  # fmt: skip
    assert "Approve and start it" in web.get(f"/runbook-offers/incidents/{incident.pk}").content.decode()
    done = web.post(f"/approvals/{row.pk}/approve", {"incident": incident.pk})
    assert done["Location"] == f"/incidents/{incident.pk}"
    assert RunbookRun.objects.get().incident == incident


def test_a_line_in_the_room_carries_it_out(web: Client, incident: Incident) -> None:
    fail_over()
    book = runbook()
    service = make.service("Checkout", team=shop())
    book.services.add(service)
    incident.services.add(service)

    def say(text: str) -> str:
        answer = web.post(
            f"/api/v1/incidents/{incident.pk}/say", {"text": text}, content_type="application/json"
        ).json()
        return str(answer.get("text") or answer.get("detail"))

    assert say("/runbook") == "/runbook disk-full: Disk full. For this service."
    assert say("/runbook sing").startswith("No runbook is called so.")
    assert say("/runbook done").startswith("No runbook is being carried out here.")
    assert say("/runbook disk full") == "Step 1 of 5: Is the disk full?."
    assert say("/runbook done 94 %") == "Step 2 of 5: Which disk?. 1. Logs; 2. Data (/runbook answer 1)"
    assert say("/runbook answer data").endswith("/runbook start begins fail-over.")
    assert say("/runbook start").startswith("Started: Fail over.")
    assert say("/runbook failed") == "Step 5 of 5: Call the database team. /runbook call pages team:databases."
    assert "Disk full: Step 5 of 5" in say("/runbook")
    assert say("/runbook skip").startswith("Why is it skipped?")
    assert say("/runbook skip Not needed").startswith("Nothing is left.")
    assert say("/runbook helped") == "Disk full is over."
    assert RunbookRun.objects.get().helped == "helped"
