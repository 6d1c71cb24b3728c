"""Scheduled maintenance begins and ends by itself, tells readers, and holds alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.engine.loop import run_due
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.status import commands, queries
from watchroom.status.duties import duties
from watchroom.status.models import Announcement, Maintenance, StatusPage

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def plan(by: Actor, page: StatusPage, **fields: Any) -> Maintenance:
    now = clocks.now()
    given = {"title": "New disks", "starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=3)}
    return commands.schedule(by, page, **(given | {"components": ["Checkout"]} | fields))


def state(page: StatusPage) -> str:
    return queries.view(page, clocks.now()).components[0].state


def test_it_begins_and_ends_by_itself(by: Actor, page: StatusPage, clock: TravellingClock) -> None:
    row = plan(by, page)
    run_due(duties)
    assert state(page) == "operational"
    clock.advance(timedelta(hours=1))
    run_due(duties)
    row.refresh_from_db()
    assert (row.stage, state(page)) == ("in_progress", "under_maintenance")
    assert queries.view(page, clocks.now()).sentence == "Maintenance is under way"
    clock.advance(timedelta(hours=2, minutes=10))
    run_due(duties)
    row.refresh_from_db()
    assert (row.stage, row.due_at, state(page)) == ("completed", None, "operational")
    assert [note.stage for note in row.notes.order_by("id")] == ["scheduled", "in_progress", "completed"]
    assert row.notes.first().at == row.ends_at  # type: ignore[union-attr]
    assert Announcement.objects.filter(note__maintenance=row).count() == 3
    bar = queries.view(page, clocks.now()).components[0].bars[-1]
    assert (bar.state, bar.minutes) == ("under_maintenance", 0)  # planned work is no trouble


def test_it_is_called_off_or_ended_sooner(by: Actor, page: StatusPage, clock: TravellingClock) -> None:
    off = commands.end(by, plan(by, page), "The disks did not come.")
    assert (off.stage, off.notes.first().text) == ("cancelled", "The disks did not come.")  # type: ignore[union-attr]
    row = plan(by, page)
    clock.advance(timedelta(hours=1))
    run_due(duties)
    row.refresh_from_db()
    clock.advance(timedelta(minutes=5))
    commands.end(by, row)
    commands.end(by, row)  # twice is once
    assert (row.stage, row.ended_at, state(page)) == ("completed", clocks.now(), "operational")
    assert row.notes.count() == 3
    with pytest.raises(Conflict):
        plan(by, page, maintenance=row)


def test_alerts_are_held_meanwhile(by: Actor, page: StatusPage, clock: TravellingClock) -> None:
    row = plan(by, page, hold_alerts=True)
    assert row.window is not None
    assert [each.slug for each in row.window.services.all()] == [page.components.all()[0].service.slug]  # type: ignore[union-attr]
    plan(by, page, maintenance=row, hold_alerts=True, ends_at=clocks.now() + timedelta(hours=5))
    row.window.refresh_from_db()
    assert row.window.ends_at == clocks.now() + timedelta(hours=5)
    commands.end(by, row)
    row.window.refresh_from_db()
    assert row.window.state == "expired"
    with pytest.raises(Refused) as refused:
        plan(by, page, components=["Search"], hold_alerts=True)
    assert refused.value.field == "hold_alerts"


def test_only_alerts_of_teams_for_which_one_responds_are_held(by: Actor, page: StatusPage, client: Any) -> None:
    """Whoever kept a page with another team's component was not allowed to announce anything, and what they wrote was gone."""
    carts = make.service("Carts")
    page.team = carts.team
    page.save()
    [checkout, search] = page.components.order_by("id")
    payments = checkout.service.team  # type: ignore[union-attr]
    rita = make.person("Rita")
    make.membership(page.team, rita, "responder")
    client.force_login(rita, backend=BACKEND)
    address = "/status-pages/shop-status/maintenance"
    shown = client.get(f"{address}/new")
    assert shown.context["form"]["hold_alerts"].value() is False
    assert str(payments) in shown.context["form"]["hold_alerts"].help_text
    form = {"title": "New disks", "starts_at": "2026-03-02T10:00", "ends_at": "2026-03-02T12:00", "text": "Sorry!"}
    form |= {"components": [str(checkout.pk)]}
    refused = client.post(f"{address}/new", form | {"hold_alerts": "on"})
    [said] = refused.context["form"].errors["hold_alerts"]
    assert refused.status_code == 422 and str(payments) in said and b"Sorry!" in refused.content
    assert not Maintenance.objects.exists()
    assert client.post(f"{address}/new", form).status_code == 302

    held = plan(by, page, hold_alerts=True)  # by somebody who may; a word in it is changed by whoever keeps the page
    kept = {"title": "Newer disks", "starts_at": held.starts_at, "ends_at": held.ends_at}
    assert plan(acting(rita), page, maintenance=held, hold_alerts=True, **kept).window is not None
    with pytest.raises(Refused) as longer:
        plan(acting(rita), page, maintenance=held, hold_alerts=True, ends_at=held.ends_at + timedelta(hours=1))
    assert longer.value.field == "hold_alerts"

    search.service = carts
    search.save()
    make.membership(payments, rita, "responder")
    shown = client.get(f"{address}/new")
    assert shown.context["form"]["hold_alerts"].value() is True
    assert not shown.context["form"]["hold_alerts"].help_text


def test_what_is_refused(by: Actor, page: StatusPage) -> None:
    now = clocks.now()
    for fields, field in (
        ({"title": " "}, "title"),
        ({"ends_at": now - timedelta(hours=1), "starts_at": now - timedelta(hours=2)}, "ends_at"),
        ({"ends_at": now + timedelta(minutes=30)}, "ends_at"),
        ({"ends_at": now + timedelta(days=90)}, "ends_at"),
        ({"starts_at": now.replace(tzinfo=None)}, "starts_at"),
        ({"components": ["Nothing"]}, "components"),
    ):
        with pytest.raises(Refused) as refused:
            plan(by, page, **fields)
        assert refused.value.field == field
    assert not Maintenance.objects.exists()


def test_only_those_who_keep_the_page(by: Actor, page: StatusPage, client: Any) -> None:
    row = plan(by, page)
    stranger = make.person("Stan")
    other = make.team()
    make.membership(other, stranger, "manager")
    for act in (lambda: plan(acting(stranger), page), lambda: commands.end(acting(stranger), row)):
        with pytest.raises(NotAllowed):
            act()
    client.force_login(stranger, backend=BACKEND)
    assert (
        client.post(f"/api/v1/status-pages/shop-status/maintenance/{row.pk}/end", {}, "application/json").status_code
        == 403
    )
    responder = make.person("Rita")
    make.membership(page.team, responder, "responder")
    commands.add_note(acting(responder), row, "It goes well")


def test_pages_and_api(by: Actor, page: StatusPage, client: Any, clock: TravellingClock) -> None:
    client.force_login(by.person, backend=BACKEND)
    form = {"title": "New disks", "starts_at": "2026-03-02T10:00", "ends_at": "2026-03-02T12:00", "text": "Sorry!"}
    address = "/status-pages/shop-status/maintenance"
    assert client.get(f"{address}/new").status_code == 200
    assert client.post(f"{address}/new", form | {"ends_at": "2026-03-02T09:30"}).status_code == 422
    assert client.post(f"{address}/new", form)["Location"] == "/status-pages/shop-status"
    row = Maintenance.objects.get()
    assert b"Sorry!" in client.get("/status/shop-status").content
    assert b"Sorry!" in client.get(f"{address}/{row.pk}").content
    assert b"New disks" in client.get("/status-pages/shop-status").content
    client.post(f"{address}/{row.pk}/note", {"text": "One disk is in"})
    client.post(f"{address}/{row.pk}/end")
    api = "/api/v1/status-pages/shop-status/maintenance"
    [listed] = client.get(api).json()["items"]
    assert (listed["stage"], [note["stage"] for note in listed["notes"]]) == (
        "cancelled",
        ["cancelled", "scheduled", "scheduled"],
    )
    body = {
        "title": "X",
        "starts_at": "2026-03-02T10:00:00Z",
        "ends_at": "2026-03-02T11:00:00Z",
        "components": ["Search"],
    }
    made = client.post(api, body, content_type="application/json")
    assert (made.status_code, made.json()["components"]) == (201, ["Search"])
    changed = client.put(f"{api}/{made.json()['id']}", body | {"title": "Y"}, content_type="application/json")
    assert changed.json()["title"] == "Y"
    assert client.get(f"{api}/999").status_code == 404
