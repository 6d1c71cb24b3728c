"""From a resolved incident to a published postmortem, by pages and by the API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import acting
from watchroom.actions.commands import create
from watchroom.incidents import commands as incidents
from watchroom.incidents.commands import guiding
from watchroom.incidents.models import Incident
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.postmortems import commands, queries, rules
from watchroom.postmortems.models import Postmortem

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FILLED = dict.fromkeys(rules.NEEDED, "The default was unsafe.")


@pytest.fixture
def people(db: None, clock: TravellingClock) -> Any:
    return make.person("Rita", "responder"), make.person("Sam", "responder")


@pytest.fixture
def incident(people: Any) -> Incident:
    by = acting(people[0])
    made = incidents.declare(by, title="Checkout fails", severity=2)
    incidents.log(by, made, "symptom", "Half of all payments fail")
    incidents.resolve(by, made)
    made.refresh_from_db()
    return made


def test_draft_review_publish(people: Any, incident: Incident) -> None:
    writer, reader = acting(people[0]), acting(people[1])
    row = commands.draft(writer, incident)
    assert commands.draft(writer, incident).pk == row.pk
    assert "Half of all payments fail" in row.timeline
    assert "Commander (Rita)" in row.timeline
    assert row.timeline.count("declared") == 1 and row.timeline.count("resolved") == 1, "each moment once, and by whom"
    commands.submit(writer, row)
    with pytest.raises(Refused):
        commands.review(writer, row, "approved")
    commands.review(reader, row, "approved", "Good")
    with pytest.raises(Refused) as refused:
        commands.publish(writer, row)
    assert refused.value.field == "summary"
    row = commands.edit(writer, row, version=1, **FILLED)
    assert row.revisions.get().changed.keys() == FILLED.keys()
    with pytest.raises(Conflict):
        commands.edit(reader, row, version=1, summary="Other words")
    with pytest.raises(Refused) as refused:
        commands.publish(writer, row)
    assert refused.value.field == "actions"
    create(writer, incident=incident, title="Make the default safe", owner=people[1], due_on=date(2026, 3, 9))
    with pytest.raises(Refused) as refused:
        commands.publish(writer, row)
    assert refused.value.field == "reviews"
    commands.review(reader, row, "approved")
    assert commands.publish(writer, row).state == Postmortem.State.PUBLISHED
    with pytest.raises(Refused):
        commands.edit(writer, row, version=2, summary="")


def test_changes_make_it_a_draft_again(people: Any, incident: Incident) -> None:
    row = commands.draft(acting(people[0]), incident)
    commands.submit(acting(people[0]), row)
    with pytest.raises(Refused):
        commands.review(acting(people[1]), row, "changes")
    commands.review(acting(people[1]), row, "changes", "Why did nobody notice?")
    row.refresh_from_db()
    assert row.state == Postmortem.State.DRAFT


def test_what_the_guards_said_is_there_to_learn_from(people: Any, client: Any, clock: TravellingClock) -> None:
    by = acting(people[0])
    made = incidents.declare(by, title="Checkout fails", severity=1)
    for _ in range(30):
        clock.advance(timedelta(minutes=1))
        while guiding.look_at_one():
            pass
    said = list(made.nudges.order_by("id"))
    assert len(said) > 1, "the guards say something to who sits in a SEV1 and does nothing"
    guiding.answer_nudge(by, said[0], "done")
    incidents.resolve(by, made)
    row = commands.draft(by, made)
    assert f"{said[0].reason} → *Done*, Rita" in row.guidance
    assert f"{said[-1].reason} → nobody answered" in row.guidance
    assert said[0].reason not in row.timeline  # it is said once
    row = commands.edit(by, row, version=1, guidance=f"{row.guidance}\n\nThe second one came too late.", **FILLED)
    client.force_login(people[1], backend=BACKEND)
    page = client.get(f"/postmortems/{row.pk}").content.decode()
    assert "What the guards said" in page and "came too late" in page
    document = client.get(f"/postmortems/{row.pk}/document")
    assert document["Content-Type"] == "text/markdown; charset=utf-8"
    assert f'filename="postmortem-{made.pk}.md"' in document["Content-Disposition"]
    told = client.get(f"/api/v1/postmortems/{row.pk}/document").json()
    assert told["markdown"] == document.content.decode()
    assert "## What the guards said" in told["markdown"] and said[0].reason in told["markdown"]
    assert "came too late" in client.get(f"/api/v1/postmortems/{row.pk}").json()["sections"]["guidance"]
    Incident.objects.filter(pk=made.pk).update(private=True)
    assert client.get(f"/postmortems/{row.pk}/document").status_code == 404
    assert client.get(f"/api/v1/postmortems/{row.pk}/document").status_code == 404


def test_not_while_people_are_hurt(people: Any) -> None:
    made = incidents.declare(acting(people[0]), title="Checkout fails")
    with pytest.raises(Conflict):
        commands.draft(acting(people[0]), made)


def test_a_private_incidents_postmortem_is_private(people: Any, incident: Incident) -> None:
    row = commands.draft(acting(people[0]), incident)
    Incident.objects.filter(pk=incident.pk).update(private=True)
    assert queries.postmortem_for(acting(people[0]), row.pk) == row
    with pytest.raises(NotFound):
        queries.postmortem_for(acting(people[1]), row.pk)


def test_without_an_action_item_there_is_a_reason(people: Any, incident: Incident) -> None:
    writer, reader = acting(people[0]), acting(people[1])
    row = commands.draft(writer, incident)
    reason = "The service is being retired this month."
    row = commands.edit(writer, row, version=1, **FILLED, no_actions=reason)
    commands.submit(writer, row)
    commands.review(reader, row, "approved")
    assert commands.publish(writer, row).no_actions == reason


def test_who_may(people: Any, incident: Incident) -> None:
    viewer, colleague, administrator = acting(make.person("Vic")), acting(people[1]), make.actor("Ada")
    with pytest.raises(NotAllowed):
        commands.draft(viewer, incident)
    row = commands.draft(colleague, incident)
    with pytest.raises(NotAllowed):
        commands.edit(viewer, row, version=1, summary="Mine")
    commands.edit(administrator, row, version=1, summary="Ours")
    commands.submit(colleague, row)
    for verdict in ("approved", "changes"):
        with pytest.raises(NotAllowed):
            commands.review(viewer, row, verdict, "No")
    with pytest.raises(Refused):
        commands.review(administrator, row, "approved")  # wrote this version


def test_markdown_is_harmless(people: Any, incident: Incident, client: Any) -> None:
    row = commands.draft(acting(people[0]), incident)
    evil = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)> **bold**"
    commands.edit(acting(people[0]), row, version=1, summary=evil)
    client.force_login(people[0], backend=BACKEND)
    text = client.get(f"/postmortems/{row.pk}").content.decode()
    assert "<strong>bold</strong>" in text
    assert "<script>alert" not in text and 'href="javascript' not in text and "<img" not in text


def test_pages(people: Any, incident: Incident, client: Any) -> None:
    client.force_login(people[0], backend=BACKEND)
    assert b"No postmortems yet" in client.get("/postmortems").content
    room = f"/incidents/{incident.pk}"
    address = client.post(f"{room}/postmortem")["Location"]
    assert f'href="{address}">Go on with it' in client.get(room).content.decode()
    assert b"Half of all payments fail" in client.get(address).content
    form = client.get(f"{address}/edit")
    assert form.status_code == 200 and form.content.count(b"(needed to publish)") == 3
    fields = {"version": 1, **FILLED, "factors": "He forgot it"}
    assert client.post(f"{address}/edit", fields).status_code == 302
    assert b"These words ask who" in client.get(f"{address}/edit").content
    read = client.get(address).content.decode()  # not only whoever happens to edit it again is told
    assert "Words that ask who, not what" in read and f'{address}/edit#id_factors">' in read and "“forgot”" in read
    assert client.post(f"{address}/edit", fields | {"factors": "Mine"}).status_code == 409
    assert b"says who, and not what" in client.get(address).content
    fields = {"version": 2, **FILLED, "factors": "The tool let the flag be left out."}
    client.post(f"{address}/edit", fields)
    client.post(f"{address}/submit")
    assert b"You wrote it" in client.get(address).content and b"Words that ask" not in client.get(address).content
    client.force_login(people[1], backend=BACKEND)
    assert b"Approve" in client.get(address).content
    assert f'href="{address}">Read and review' in client.get(room).content.decode()
    client.post(f"{address}/review", {"verdict": "approved"})
    create(
        acting(people[0]), incident=incident, title="Make the default safe", owner=people[1], due_on=date(2026, 3, 9)
    )
    client.post(f"{address}/publish")
    assert Postmortem.objects.get().state == "published"
    assert f'href="{address}">Read the postmortem' in client.get(room).content.decode()


def test_the_list_asks_a_constant_number_of_queries(
    people: Any, client: Any, django_assert_max_num_queries: Any
) -> None:
    by = acting(people[0])
    for number in range(12):
        made = incidents.declare(by, title=f"Incident {number}")
        incidents.resolve(by, made)
        made.refresh_from_db()
        commands.draft(by, made)
    client.force_login(people[0], backend=BACKEND)
    with django_assert_max_num_queries(15):
        assert client.get("/postmortems").status_code == 200


def test_api(people: Any, incident: Incident, client: Any) -> None:
    client.force_login(people[0], backend=BACKEND)
    made = client.post(f"/api/v1/incidents/{incident.pk}/postmortem").json()
    address = f"/api/v1/postmortems/{made['id']}"
    assert made["missing"]
    patch = {"version": 1, "summary": "It was human error"}
    assert (
        client.patch(address, patch, content_type="application/json").json()["findings"][0]["phrase"] == "human error"
    )
    assert client.patch(address, patch, content_type="application/json").status_code == 409
    assert client.post(f"{address}/submit").json()["state"] == "in_review"
    review = client.post(f"{address}/review", {"verdict": "approved"}, content_type="application/json")
    assert review.status_code == 422
    assert client.post(f"{address}/publish").status_code == 422
    assert len(client.get("/api/v1/postmortems").json()["items"]) == 1
