"""Status pages by commands, pages that strangers read, and the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.catalog.models import Service
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident, Update
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.status import commands, queries, rules
from watchroom.status.models import PublicIncident, StatusPage
from watchroom.web.templatetags._badges import STATES

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
JSON = "application/json"


@pytest.fixture
def page(by: Actor, service: Service) -> StatusPage:
    return commands.save_status_page(
        by,
        None,
        team=service.team,
        name="Shop status",
        components=[
            {"name": "Checkout", "service": service.slug, "description": "Paying by card"},
            {"name": "Search"},
        ],
    )


def declare(by: Actor, service: Service, **fields: Any) -> Incident:
    return incidents.declare(
        by, **{"title": "Secret: db-7 corrupt", "severity": 1, "team": service.team, "services": [service]} | fields
    )


def tell(by: Actor, incident: Incident, stage: str = "investigating", **fields: Any) -> Update:
    return incidents.publish_update(by, incident, stage=stage, **{"happening": "Payments fail"} | fields)


def states(page: StatusPage) -> dict[str, str]:
    return {each.component.name: each.state for each in queries.view(page, clocks.now()).components}


# --- Commands --------------------------------------------------------------------------------------------------------


def test_an_incident_is_laid_over_and_lifted(
    by: Actor, page: StatusPage, service: Service, clock: TravellingClock
) -> None:
    commands.assert_component(by, page.components.get(name="Search"), "under_maintenance")
    incident = declare(by, service)
    [public] = commands.publish(by, tell(by, incident), ["shop-status"])
    assert public.title == "Problems with Checkout"
    assert states(page) == {"Checkout": "major_outage", "Search": "under_maintenance"}
    assert queries.view(page, clocks.now()).sentence == "A major outage"
    clock.advance(timedelta(minutes=30))
    commands.publish(by, tell(by, incident, "monitoring"), [page], title="Cards are refused")
    commands.publish(by, tell(by, incident, "resolved"), [page])
    public = PublicIncident.objects.get()
    assert (public.title, public.resolved_at) == ("Cards are refused", clocks.now())
    assert states(page) == {"Checkout": "operational", "Search": "under_maintenance"}
    assert page.components.get(name="Checkout").asserted == "operational"
    view = queries.view(page, clocks.now())
    assert view.components[0].bars[-1].minutes == 30
    assert [len(rows) for _, rows in view.past_by_day] == [1]


@pytest.mark.parametrize(
    ("severity", "state"),
    [(1, "major_outage"), (2, "partial_outage"), (3, "degraded_performance"), (5, "degraded_performance")],
)
def test_what_a_severity_says(by: Actor, page: StatusPage, service: Service, severity: int, state: str) -> None:
    commands.publish(by, tell(by, declare(by, service, severity=severity)), [page])
    assert states(page)["Checkout"] == state


@pytest.mark.parametrize("state", rules.ORDER)
def test_every_state_has_a_look_of_its_own(state: str) -> None:
    assert queries.look_of(state) in STATES


def test_given_impacts_count_and_nonsense_is_refused(by: Actor, page: StatusPage, service: Service) -> None:
    checkout, search = page.components.all()
    update = tell(by, declare(by, service))
    commands.publish(by, update, [page], impacts={search.pk: "partial_outage", checkout.pk: "operational"})
    assert states(page) == {"Checkout": "operational", "Search": "partial_outage"}
    for impacts in ({search.pk: "on_fire"}, {search.pk + 1000: "major_outage"}):
        with pytest.raises(Refused) as refused:
            commands.publish(by, update, [page], impacts=impacts)
        assert refused.value.field.startswith("impacts")
    with pytest.raises(NotFound):
        commands.publish(by, update, [page, "no-such-page"])


def test_an_older_update_that_is_shown_late_reopens_nothing(
    by: Actor, page: StatusPage, service: Service, clock: TravellingClock
) -> None:
    incident = declare(by, service)
    early = tell(by, incident)
    clock.advance(timedelta(minutes=5))
    late = tell(by, incident, "resolved")
    commands.publish(by, late, [page])
    [public] = commands.publish(by, early, [page])
    assert (public.opened_at, public.resolved_at) == (early.published_at, late.published_at)


@pytest.mark.parametrize("kind", ["drill", "private"])
def test_drills_and_private_incidents_are_never_shown(
    by: Actor, page: StatusPage, service: Service, client: Any, kind: str
) -> None:
    incident = declare(by, service, **{kind: True})
    with pytest.raises(Refused) as refused:
        commands.publish(by, tell(by, incident), [page])
    assert refused.value.field == "pages"
    assert not PublicIncident.objects.exists()


def test_who_may(page: StatusPage, service: Service, by: Actor) -> None:
    viewer, responder, manager = (acting(make.person(name)) for name in ("Vic", "Rita", "Mona"))
    assert responder.person is not None and manager.person is not None
    make.membership(service.team, responder.person, "responder")
    make.membership(service.team, manager.person, "manager")
    update = tell(by, declare(by, service))
    fields: dict[str, Any] = {"team": service.team, "name": "Shop"}
    for who in (viewer, responder):
        with pytest.raises(NotAllowed):
            commands.save_status_page(who, page, **fields)
        with pytest.raises(NotAllowed):
            commands.delete_status_page(who, page)
    with pytest.raises(NotAllowed):
        commands.publish(viewer, update, [page])
    with pytest.raises(NotAllowed):
        commands.assert_component(viewer, page.components.all()[0], "major_outage")
    commands.publish(responder, update, [page])
    commands.assert_component(responder, page.components.all()[0], "major_outage")
    commands.save_status_page(manager, page, **fields)
    commands.delete_status_page(manager, page)
    assert not StatusPage.objects.exists()


def test_saving_again_keeps_what_people_said_and_what_happened(by: Actor, page: StatusPage, service: Service) -> None:
    checkout, search = page.components.all()
    commands.publish(by, tell(by, declare(by, service)), [page])
    commands.assert_component(by, search, "degraded_performance")
    commands.save_status_page(
        by,
        page,
        team=service.team,
        name="Shop status",
        components=[{"name": "Search"}, {"id": checkout.pk, "name": "Paying", "service": service.slug}],
    )
    assert [(row.name, row.pk) for row in page.components.all()] == [("Search", search.pk), ("Paying", checkout.pk)]
    assert states(page) == {"Search": "degraded_performance", "Paying": "major_outage"}
    swapped = [{"id": search.pk, "name": "Paying"}, {"id": checkout.pk, "name": "Search"}]
    commands.save_status_page(by, page, team=service.team, name="Shop status", components=swapped)
    assert [row.pk for row in page.components.order_by("name")] == [search.pk, checkout.pk]


def test_what_is_refused(by: Actor, page: StatusPage, service: Service) -> None:
    for fields, field in (
        ({"name": " "}, "name"),
        ({"name": "日本"}, "slug"),
        ({"slug": "a b"}, "slug"),
        ({"components": [{"name": ""}]}, "components[0].name"),
        ({"components": [{"name": "A"}, {"name": "A"}]}, "components"),
        ({"components": [{"name": "A", "service": "nope"}]}, "components[0].service"),
        ({"components": [{"name": "A", "asserted": "nope"}]}, "components[0].asserted"),
    ):
        with pytest.raises(Refused) as refused:
            commands.save_status_page(by, None, **{"team": service.team, "name": "Other"} | fields)
        assert (refused.value.field, bool(refused.value.fix)) == (field, True)
    with pytest.raises(Conflict):
        commands.save_status_page(by, None, team=service.team, name="Another", slug=page.slug)


# --- What strangers read ---------------------------------------------------------------------------------------------


@pytest.fixture
def told(by: Actor, page: StatusPage, service: Service, clock: TravellingClock) -> Incident:
    incident = declare(by, service)
    incidents.log(by, incident, "hypothesis", "Password hunter2 leaked")
    commands.publish(by, tell(by, incident, next_update_at=clocks.now() + timedelta(minutes=30)), [page])
    clock.advance(timedelta(minutes=10))
    commands.publish(by, tell(by, incident, "identified", happening="The card network is down"), [page])
    return incident


def test_a_stranger_reads_it(client: Any, page: StatusPage, told: Incident, django_assert_max_num_queries: Any) -> None:
    client.get("/status/shop-status")  # the first request also asks whether anybody exists
    with django_assert_max_num_queries(8):
        answer = client.get("/status/shop-status")
    text = answer.content.decode()
    assert text.index("A major outage") < text.index("The card network is down") < text.index("Payments fail")
    for secret in ("Secret", "hunter2", "pay-gw-internal", "Ada"):
        assert secret not in text
    assert "csrftoken" not in answer.cookies
    assert answer["Cache-Control"].startswith("public, max-age=15")


def test_the_next_update_is_promised(by: Actor, client: Any, page: StatusPage, service: Service) -> None:
    commands.publish(by, tell(by, declare(by, service), next_update_at=clocks.now() + timedelta(minutes=30)), [page])
    assert b"Next update by" in client.get("/status/shop-status").content


@pytest.mark.parametrize("path", ["", "/feed.atom", "/api/v2/summary.json", "/api/v2/status.json"])
def test_caches_are_answered_briefly(client: Any, by: Actor, told: Incident, path: str) -> None:
    address = f"/status/shop-status{path}"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    weak = client.get(address, headers={"If-None-Match": f'"other", W/{first["ETag"]}'})
    assert weak.status_code == 304
    assert client.post(address).status_code == 405
    client.force_login(by.person, backend=BACKEND)
    assert client.get(address).content == first.content  # nothing of who reads it


def test_json_as_statuspage_writes_it(client: Any, page: StatusPage, told: Incident) -> None:
    answer = client.get("/status/shop-status/api/v2/summary.json")
    body = answer.json()
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert set(body) == {"page", "status", "components", "incidents", "scheduled_maintenances"}
    assert body["status"] == {"indicator": "critical", "description": "A major outage"}
    assert {each["name"]: each["status"] for each in body["components"]} == {
        "Checkout": "major_outage",
        "Search": "operational",
    }
    [incident] = body["incidents"]
    assert (incident["name"], incident["status"], incident["impact"]) == (
        "Problems with Checkout",
        "identified",
        "critical",
    )
    assert [each["status"] for each in incident["incident_updates"]] == ["identified", "investigating"]
    assert client.get("/status/shop-status/api/v2/status.json").json()["status"] == body["status"]
    assert b"Secret" not in answer.content


def test_the_feed(client: Any, page: StatusPage, told: Incident) -> None:
    text = client.get("/status/shop-status/feed.atom").content.decode()
    assert text.count("<entry>") == 2
    assert "Problems with Checkout: Identified" in text
    assert "Secret" not in text


@pytest.mark.parametrize("path", ["", "/feed.atom", "/api/v2/summary.json", "/api/v2/status.json"])
def test_a_stranger_never_sees_a_private_page(client: Any, by: Actor, page: StatusPage, path: str) -> None:
    StatusPage.objects.update(public=False)
    private, missing = client.get(f"/status/shop-status{path}"), client.get(f"/status/nothing{path}")
    assert (private.status_code, missing.status_code) == (404, 404)
    assert b"Shop status" not in private.content
    client.force_login(by.person, backend=BACKEND)
    answer = client.get(f"/status/shop-status{path}")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")


def test_a_drill_is_not_shown_even_if_it_became_one_later(
    client: Any, by: Actor, page: StatusPage, told: Incident
) -> None:
    Incident.objects.update(drill=True)
    assert b"The card network is down" not in client.get("/status/shop-status").content
    assert client.get("/status/shop-status/api/v2/summary.json").json()["incidents"] == []


# --- Setting up ------------------------------------------------------------------------------------------------------


def test_pages(by: Actor, service: Service, client: Any) -> None:
    client.force_login(by.person, backend=BACKEND)
    assert b"No status page" in client.get("/status-pages").content
    form = {
        "name": "Shop",
        "team": service.team.slug,
        "public": "1",
        "component-id": ["", ""],
        "component": ["Checkout", ""],
        "about": ["Paying", ""],
        "service": [service.slug, ""],
        "asserted": ["operational", "operational"],
    }
    wrong = client.post("/status-pages/new", form | {"service": ["nope", ""]})
    assert wrong.status_code == 422
    assert b"There is no such service" in wrong.content
    assert b'value="Paying"' in wrong.content and wrong.content.count(b'class="fold component" open') == 1
    assert client.post("/status-pages/new", form)["Location"] == "/status-pages/shop"
    component = StatusPage.objects.get().components.get()
    assert b"Checkout" in client.get("/status-pages/shop").content
    edited = client.get("/status-pages/shop/edit").content
    assert b'value="Paying"' in edited and b'class="fold component" open' not in edited, (
        "a page of many is a list of names"
    )
    client.post(
        "/status-pages/shop/edit", form | {"component": ["Paying by card", ""], "component-id": [component.pk, ""]}
    )
    component.refresh_from_db()
    assert (component.name, component.description) == ("Paying by card", "Paying")
    assert client.post("/status-pages/shop/delete")["Location"] == "/status-pages"


def test_the_list_asks_a_constant_number_of_queries(
    by: Actor, service: Service, client: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        commands.save_status_page(by, None, team=service.team, name=f"Page {number}", components=[{"name": "A"}])
    client.force_login(by.person, backend=BACKEND)
    with django_assert_max_num_queries(8):
        assert client.get("/status-pages").status_code == 200
    with django_assert_max_num_queries(8):
        assert len(client.get("/api/v1/status-pages").json()["items"]) == 12


def test_api(by: Actor, service: Service, client: Any) -> None:
    client.force_login(by.person, backend=BACKEND)
    body = {"team": service.team.slug, "name": "Shop", "components": [{"name": "Checkout", "service": service.slug}]}
    made = client.post("/api/v1/status-pages", body | {"slug": "shop"}, content_type=JSON)
    assert made.status_code == 201
    [component] = made.json()["components"]
    update = tell(by, declare(by, service))
    shown = {"pages": ["shop"], "impacts": {component["id"]: "partial_outage"}, "title": "Cards are refused"}
    assert client.post(f"/api/v1/updates/{update.pk}/publish", shown, content_type=JSON).status_code == 204
    assert client.get("/status/shop/api/v2/summary.json").json()["incidents"][0]["name"] == "Cards are refused"
    unknown = client.post(f"/api/v1/updates/{update.pk}/publish", {"pages": ["nope"]}, content_type=JSON)
    assert unknown.status_code == 404
    changed = client.put("/api/v1/status-pages/shop", body | {"name": "Store"}, content_type=JSON).json()
    assert (changed["name"], changed["slug"], changed["components"][0]["id"]) == ("Store", "shop", component["id"])
    assert client.get("/api/v1/status-pages/shop").json() == changed
    # What is not named stays; who wants no components says so.
    said = {"team": service.team.slug, "name": "Shop", "description": "All of it"}
    kept = client.put("/api/v1/status-pages/shop", said, content_type=JSON).json()
    assert kept["components"] == changed["components"]
    del said["description"]
    assert client.put("/api/v1/status-pages/shop", said, content_type=JSON).json()["description"] == "All of it"
    emptied = client.put("/api/v1/status-pages/shop", said | {"components": []}, content_type=JSON).json()
    assert emptied["components"] == []
    assert client.delete("/api/v1/status-pages/shop").status_code == 204
    assert client.get("/api/v1/status-pages/shop").status_code == 404
