"""The pages of incidents, as a person's browser asks for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.incidents import commands, queries
from watchroom.incidents.models import Incident, LogEntry, Update
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations.commands import save_mitigation
from watchroom.mitigations.models import MitigationRun

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def room(world: Any, client: Any) -> Any:
    client.force_login(world.responder, backend=BACKEND)
    return client


def test_declare_with_a_title_only(world: Any, room: Any) -> None:
    assert b"What is wrong?" in room.get("/incidents/declare").content
    assert room.post("/incidents/declare", {"title": "", "severity": 3}).status_code == 422
    answer = room.post("/incidents/declare", {"title": "Checkout is slow", "severity": "2"})
    incident = Incident.objects.get()
    assert answer["Location"] == f"/incidents/{incident.pk}"
    assert incident.severity == 2
    assert incident.roles.get().person == world.responder


def test_a_form_sent_twice_declares_once(world: Any, room: Any) -> None:
    fields = {
        "title": "Checkout is slow",
        "severity": "2",
        "form_key": room.get("/incidents/declare").context["form_key"],
    }
    assert room.post("/incidents/declare", fields)["Location"] == room.post("/incidents/declare", fields)["Location"]
    assert Incident.objects.count() == 1


def test_the_list_says_how_long_each_has_lasted(
    world: Any, room: Any, clock: TravellingClock, django_assert_max_num_queries: Any
) -> None:
    over = commands.declare(world.by, title="Checkout is slow")
    clock.advance(timedelta(minutes=75))
    commands.resolve(world.by, over)
    for number in range(5):
        commands.declare(world.by, title=f"Search is slow {number}")
    clock.advance(timedelta(minutes=20))
    with django_assert_max_num_queries(30):
        page = room.get("/incidents").content.decode()
    assert '<td class="nowrap" data-label="Lasted">1 h 15 min</td>' in page
    assert page.count("20 min</time> so far") == 5


def test_declare_from_an_alert_group(world: Any, room: Any) -> None:
    group = world.group("Card payments fail")
    page = room.get(f"/incidents/declare?group={group.pk}").content.decode()
    assert 'value="Card payments fail"' in page
    assert f'name="alert_groups" value="{group.pk}"' in page
    fields = {
        "title": "Card payments fail",
        "severity": 2,
        "alert_groups": [group.pk],
        "communications": world.viewer.pk,
    }
    answer = room.post("/incidents/declare", fields)
    incident = Incident.objects.get()
    assert list(incident.alert_groups.all()) == [group]
    assert incident.team == world.team
    assert room.get(f"/incidents/declare?group={group.pk}")["Location"] == answer["Location"]


def test_the_room_shows_the_next_step_first_and_works_by_forms(world: Any, room: Any, clock: TravellingClock) -> None:
    save_mitigation(
        make.actor(), None, team=world.team, service=world.service, name="Roll back checkout", how="Press it."
    )
    incident = commands.declare(world.by, alert_groups=[world.group()], communications=world.viewer)
    at = f"/incidents/{incident.pk}"
    page = room.get(at).content.decode()
    assert "What can stop the bleeding?" in page
    assert "Roll back checkout" in page
    for part in ("top", "side"):
        fragment = room.get(f"{at}?part={part}")
        assert fragment.status_code == 200
        assert b"<html" not in fragment.content

    for _ in range(2):
        room.post(f"{at}/log", {"kind": "hypothesis", "text": "Release <4.18>", "client_key": "k1"})
    guess = LogEntry.objects.get(kind="hypothesis")
    room.post(f"{at}/log", {"kind": "result", "text": "It is", "parent": guess.pk})
    fragment = room.get(f"{at}/log").content.decode()
    assert "It is" in fragment
    assert "Release &lt;4.18&gt;" in fragment  # also what the result hangs under
    older = room.get(f"{at}/log?before={guess.pk}").content.decode()
    assert f'id="entry-{guess.pk}"' not in older
    room.post(f"/log/{guess.pk}/mark", {"standing": "confirmed"})
    room.post(f"/log/{guess.pk}/mark", {"pinned": "yes"})
    room.post(f"/log/{guess.pk}", {"text": "Release 4.19"})
    guess.refresh_from_db()
    assert (guess.text, guess.standing, guess.pinned) == ("Release 4.19", "confirmed", True)
    assert b"Release &lt;4.18&gt;" in room.get(f"/log/{guess.pk}").content

    for _ in range(2):
        room.post(f"{at}/mitigations", {"mitigation": "roll-back-checkout", "client_key": "m1"})
    run = MitigationRun.objects.get()
    assert "Did it work?" in room.get(at).content.decode()
    room.post(f"/mitigation-runs/{run.pk}/finish", {"outcome": "worked", "note": "Quiet"})
    assert "mark it as mitigated?" in room.get(at).content.decode()

    room.post(f"{at}/updates", {"stage": "identified", "happening": "Cards fail", "next_update": "15"})
    incident.refresh_from_db()
    assert incident.next_update_at == clock.instant + timedelta(minutes=15)
    assert room.post(f"{at}/updates", {"stage": "identified", "happening": "x", "next_update": "at"}).status_code == 422
    assert b"Cards fail" in room.get(f"{at}/updates").content
    assert Update.objects.count() == 1

    room.post(f"{at}/summary", {"title": "Cards fail", "summary": "The release", "impact": "A third"})
    room.post(f"{at}/scope", {"services": [world.service.pk], "private": "on"})
    incident.refresh_from_db()
    assert incident.private
    assert incident.team == world.team
    room.post(f"{at}/scope", {"services": [world.service.pk]})
    assert room.post(f"{at}/scope", {"services": [987654]}).status_code == 422
    room.post(f"{at}/severity", {"severity": "1", "reason": "more"})
    room.post(f"{at}/roles", {"role": "scribe", "person": "me"})
    room.post(f"{at}/roles", {"role": "operations", "person": world.stranger.pk})
    clock.advance(timedelta(minutes=20))
    assert "Update overdue" in room.get(at).content.decode()
    room.post(f"{at}/status", {"to": "mitigate"})
    room.post(f"{at}/status", {"to": "resolve"})
    incident.refresh_from_db()
    assert (incident.status, incident.severity, incident.title) == ("resolved", 1, "Cards fail")
    assert {row.role for row in incident.roles.filter(ended_at__isnull=True)} == {
        "commander",
        "communications",
        "scribe",
        "operations",
    }

    assert room.get(f"{at}/times/mitigated").status_code == 200
    assert room.get(f"{at}/times/lunch").status_code == 404
    room.post(f"{at}/times/mitigated", {"at": "2026-03-02T09:10:00", "reason": "The graph"})
    assert queries.times_of(incident)["mitigated"].reason == "The graph"
    assert room.get(at).status_code == 200


def test_a_wrong_form_goes_back_with_the_reason(world: Any, room: Any) -> None:
    incident = commands.declare(world.by, title="x")
    at = f"/incidents/{incident.pk}"
    answer = room.post(f"{at}/log", {"kind": "note", "text": " "}, HTTP_REFERER=f"http://testserver{at}", follow=True)
    assert b"The entry is empty" in answer.content
    assert room.post(f"{at}/alerts", {"group": "99999"}).status_code == 422
    assert room.post(f"{at}/roles", {"role": "scribe", "person": ""}).status_code == 422
    assert room.post(f"{at}/status", {"to": "heaven"}).status_code == 422
    group = world.group()
    room.post(f"{at}/alerts", {"group": group.pk})
    assert list(incident.alert_groups.all()) == [group]
    room.post(f"{at}/alerts", {"group": group.pk, "do": "unlink"})
    assert not incident.alert_groups.exists()


def test_accepting_a_role_on_the_page(world: Any, client: Any) -> None:
    incident = commands.declare(world.by, title="x", communications=world.viewer)
    row = incident.roles.get(role="communications")
    client.force_login(world.viewer, backend=BACKEND)
    assert b"Accept" in client.get(f"/incidents/{incident.pk}").content
    client.post(f"/roles/{row.pk}", {"answer": "accept"})
    row.refresh_from_db()
    assert row.accepted_at is not None
    client.post(f"/roles/{row.pk}", {"answer": "end"})
    row.refresh_from_db()
    assert row.ended_at is not None


def test_object_by_object(world: Any, client: Any) -> None:
    private = commands.declare(world.by, title="Secret", team=world.team, private=True)
    public = commands.declare(world.by, title="Open", team=world.team)
    hidden = commands.log(world.by, private, "note", "Secret note")
    role = private.roles.get()
    for person in (world.viewer, world.stranger):
        client.force_login(person, backend=BACKEND)
        assert client.get(f"/incidents/{public.pk}").status_code == 200
        assert client.post(f"/incidents/{public.pk}/log", {"kind": "note", "text": "no"}).status_code == 403
        assert client.post(f"/incidents/{public.pk}/status", {"to": "resolve"}).status_code == 403
        assert b"Secret" not in client.get("/incidents").content
        for path in (
            f"/incidents/{private.pk}",
            f"/incidents/{private.pk}/log",
            f"/incidents/{private.pk}/updates",
            f"/incidents/{private.pk}/times/started",
            f"/log/{hidden.pk}",
        ):
            assert client.get(path).status_code == 404, path
        for path in (
            f"/incidents/{private.pk}/status",
            f"/incidents/{private.pk}/mitigations",
            f"/roles/{role.pk}",
            f"/log/{hidden.pk}/mark",
            f"/incidents/{private.pk}/log",
        ):
            assert client.post(path, {"to": "resolve", "kind": "note", "text": "x"}).status_code == 404, path
    client.force_login(world.responder, backend=BACKEND)
    assert client.get(f"/incidents/{private.pk}").status_code == 200
    assert b"Secret" in client.get("/incidents").content
    client.logout()
    assert client.get(f"/incidents/{public.pk}").status_code == 302


def test_the_list_filters_pages_and_asks_little(world: Any, room: Any, django_assert_max_num_queries: Any) -> None:
    assert b"No incidents yet" in room.get("/incidents").content
    for number in range(35):
        commands.declare(
            world.by,
            title=f"Number {number}",
            severity=1 + number % 5,
            services=[world.service],
            communications=world.viewer,
        )
    commands.resolve(world.by, Incident.objects.latest("id"))
    with django_assert_max_num_queries(15):
        page = room.get("/incidents")
        assert 'data-label="State"' in page.content.decode() and 'label="Status"' not in page.content.decode()
    assert page.content.count(b"row-link") == 30
    first, last = [incident.pk for incident in page.context["incidents"]][::29]
    older = room.get(f"/incidents?after={last}")
    assert len(older.context["incidents"]) == 5
    newer = room.get(f"/incidents?before={older.context['incidents'][0].pk}")
    assert newer.context["incidents"][0].pk == first
    assert len(room.get("/incidents?status=resolved").context["incidents"]) == 1
    assert len(room.get("/incidents?severity=2").context["incidents"]) == 7
    assert len(room.get("/incidents?q=number 7").context["incidents"]) == 1
    assert len(room.get(f"/incidents?q=%23{first}").context["incidents"]) == 1
    assert b"Nothing fits" in room.get("/incidents?team=nobody").content


def test_the_room_asks_little_however_long_the_log(world: Any, room: Any, django_assert_max_num_queries: Any) -> None:
    incident = commands.declare(world.by, alert_groups=[world.group()])
    guess = commands.log(world.by, incident, "hypothesis", "The release")
    for number in range(25):
        commands.log(world.by, incident, "action", f"Tried {number}", parent=guess)
    with django_assert_max_num_queries(40):
        room.get(f"/incidents/{incident.pk}")
    with django_assert_max_num_queries(9):
        room.get(f"/incidents/{incident.pk}/log")


def test_a_viewer_is_offered_nothing_to_do(world: Any, client: Any) -> None:
    incident = commands.declare(world.by, title="x", team=world.team)
    client.force_login(world.viewer, backend=BACKEND)
    page = client.get(f"/incidents/{incident.pk}").content.decode()
    assert "compose-text" not in page
    assert "Take command" not in page
    assert queries.visible_to(acting(world.viewer)).get() == incident


def test_a_page_holds_only_what_is_chosen_of_people_and_services(world: Any, room: Any, client: Any) -> None:
    for number in range(60):
        make.person(f"Colleague {number:02}")
        make.service(f"Till {number:02}", slug=f"till-{number:02}", team=world.team)
    incident = commands.declare(world.by, title="Checkout fails", services=[world.service])
    at = f"/incidents/{incident.pk}"
    shown = room.get(at).content.decode()
    assert "Colleague 07" not in shown and "Till 07" not in shown
    assert f'<option value="{world.service.pk}" selected>' in shown
    assert "Colleague 07" in room.get(f"{at}?choices=all").content.decode()  # for a browser without scripts
    for page in ("/incidents/declare", f"/roles/{commands.assign_role(world.by, incident, 'scribe', world.responder).pk}/hand-off"):  # fmt: skip
        assert "Colleague 07" not in room.get(page).content.decode()
        assert "Colleague 07" in room.get(f"{page}?choices=all").content.decode()

    def found(of: str, words: str) -> list[str]:
        return [each["label"] for each in room.get(f"/choices/{of}.json", {"q": words}).json()]

    assert "Colleague 07" in found("people", "league 07")
    assert found("people", world.viewer.email) == [str(world.viewer)]
    assert found("services", "07 TILL") == ["Till 07"]
    assert found("services", "nothing like it") == []
    assert len(found("people", "")) == 30
    # What was found is accepted, and shown again where a form comes back.
    other = Person.objects.get(name="Colleague 07")
    again = room.post("/incidents/declare", {"title": "", "severity": "3", "commander": other.pk}).content.decode()
    assert f'<option value="{other.pk}" selected>Colleague 07</option>' in again
    assert room.post("/incidents/declare", {"title": "", "severity": "3", "commander": "9" * 40}).status_code == 422
    room.post(f"{at}/roles", {"role": "commander", "person": other.pk})
    assert incident.roles.filter(person=other, role="commander").exists()
    client.logout()
    assert client.get("/choices/people.json").status_code == 302
