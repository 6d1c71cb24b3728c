"""Whoever publishes an update says with it how the components are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from watchroom.accounts.actors import Actor
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.kernel import clock as clocks
from watchroom.status import commands, queries
from watchroom.status.models import StatusPage

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
Declare = Callable[..., Incident]


@pytest.fixture
def form(by: Actor, client: Any) -> Callable[..., Any]:
    """Fill in what stands in the form of an incident's update, changed by what is given, and send it."""
    client.force_login(by.person, backend=BACKEND)

    def send(incident: Incident, **said: Any) -> Any:
        address = f"/incidents/{incident.pk}/updates"
        there = client.get(address).context["form"]
        fields = {bound.html_name: bound.value() for bound in there if bound.value() is not None}
        fields |= {bound.html_initial_name: bound.value() for bound in there if bound.field.show_hidden_initial}
        return client.post(address, fields | {"happening": "Cards fail", "whole": "1"} | said)

    return send


def states(page: StatusPage) -> dict[str, str]:
    return {each.component.name: each.state for each in queries.view(page, clocks.now()).components}


def field(page: StatusPage, name: str) -> str:
    return f"state-{page.components.get(name=name).pk}"


def test_what_the_severity_says_stands_there_and_can_be_said_otherwise(
    page: StatusPage, declare: Declare, form: Callable[..., Any]
) -> None:
    incident = declare()
    form(incident, pages=[page.slug])
    assert states(page) == {"Checkout": "major_outage", "Search": "operational"}
    form(incident, **{field(page, "Checkout"): "degraded_performance", field(page, "Search"): "partial_outage"})
    assert states(page) == {"Checkout": "degraded_performance", "Search": "partial_outage"}
    form(incident, happening="It gets better")  # the page is still ticked, and nothing is said of its components
    assert states(page) == {"Checkout": "degraded_performance", "Search": "partial_outage"}
    form(incident, stage="resolved")
    assert states(page) == {"Checkout": "operational", "Search": "operational"}


def test_a_form_that_is_old_takes_nothing_back(
    by: Actor, page: StatusPage, declare: Declare, tell: Any, client: Any
) -> None:
    incident, checkout = declare(), page.components.get(name="Checkout")
    client.force_login(by.person, backend=BACKEND)
    commands.publish(by, tell(incident), [page])
    opened = {f"state-{checkout.pk}": "major_outage", f"initial-state-{checkout.pk}": "major_outage"}
    commands.publish(by, tell(incident), [page], impacts={checkout.pk: "degraded_performance"})
    client.post(
        f"/incidents/{incident.pk}/updates", {"stage": "monitoring", "happening": "So", "pages": page.slug, **opened}
    )
    assert incident.updates.count() == 3
    assert states(page)["Checkout"] == "degraded_performance"


def test_what_is_said_of_a_page_that_is_not_ticked_is_not_lost_in_silence(
    page: StatusPage, declare: Declare, form: Callable[..., Any]
) -> None:
    incident = declare()
    answer = form(incident, pages=[], **{field(page, "Search"): "major_outage"})
    assert answer.status_code == 422
    assert b"Shop status are: tick it, or leave them as they were" in answer.content
    assert incident.updates.count() == 0


def test_pages_that_it_concerns_come_first(
    by: Actor, page: StatusPage, declare: Declare, client: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        commands.save_status_page(by, None, team=page.team, name=f"A page {number}", components=[{"name": "Other"}])
    incident = declare()
    with django_assert_max_num_queries(5):
        found = queries.showings_of(incident)
    assert [(each.page.name, each.concerned) for each in found][:2] == [("Shop status", ["Checkout"]), ("A page 0", [])]
    client.force_login(by.person, backend=BACKEND)
    answer = client.get(f"/incidents/{incident.pk}/updates")
    assert b"Shop status (Checkout)" in answer.content
    assert "under_maintenance" not in str(answer.context["form"]["pages"])


def test_the_next_update_begins_with_what_was_said(by: Actor, declare: Declare, client: Any) -> None:
    incident = declare(severity=3, impact="All notice")
    client.force_login(by.person, backend=BACKEND)
    address = f"/incidents/{incident.pk}/updates"

    def stands(query: str = "") -> dict[str, Any]:
        return {bound.html_name: bound.value() for bound in client.get(address + query).context["form"]}

    assert (stands()["impact"], stands()["next_update"]) == ("All notice", "")
    assert b"in 4 h, as its severity says" in client.get(address).content
    words = {"customers": {"impact": "Pay later", "doing": "We look"}}
    last = incidents.publish_update(by, incident, happening="Slow", impact="Half notice", wordings=words)
    # Who is affected stays so, in all words, until somebody says otherwise; what happens is asked anew.
    first = stands()
    assert (first["happening"], first["impact"], first["customers-impact"]) == (None, "Half notice", "Pay later")
    assert first["customers-doing"] is None
    again = stands(f"?again={last.pk}")
    assert (again["happening"], again["customers-doing"], again["corrects"]) == ("Slow", "We look", None)
    incidents.resolve(by, incident)
    assert stands()["impact"] is None and stands()["stage"] == "resolved"


def test_readers_see_what_was_corrected(by: Actor, page: StatusPage, declare: Declare, tell: Any, client: Any) -> None:
    incident = declare()
    wrong, other = tell(incident, happening="All cards fail"), tell(incident, happening="We look")
    right = tell(incident, happening="One bank's cards fail", corrects=wrong)
    for update in (wrong, other):
        commands.publish(by, update, [page])
    text = client.get(f"/status/{page.slug}").content.decode()
    assert "Corrected later" not in text  # readers don't see the correction
    commands.publish(by, right, [page])
    text = client.get(f"/status/{page.slug}").content.decode()
    of = {each: text.partition(f'id="update-{each.pk}"')[2].partition("</h4>")[0] for each in (wrong, other, right)}
    assert "Corrected later" in of[wrong] and "orrect" not in of[other] and ">Correction<" in of[right]
