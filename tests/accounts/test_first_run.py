"""From nothing to a page that reached somebody, through the pages alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

import factories
from peers.push_service import Subscription
from watchroom.accounts import first_run
from watchroom.accounts.models import Installation, Person
from watchroom.accounts.roles import Role
from watchroom.intake.models import Integration
from watchroom.kernel import clock
from watchroom.oncall.queries import on_call_now
from watchroom.paging.models import ContactMethod, Notification

pytestmark = pytest.mark.django_db
YOU = {"name": "Kim Ode", "email": "Kim@Example.org", "password": "a river of glass", "timezone": "Europe/Berlin"}


def local() -> Client:
    return Client(REMOTE_ADDR="127.0.0.1", HTTP_HOST="127.0.0.1:8000")


def stranger() -> Client:
    return Client(REMOTE_ADDR="198.51.100.7", HTTP_HOST="127.0.0.1:8000")


def test_whoever_walks_on_their_phone_is_paged_on_it(configured: Callable[..., None]) -> None:
    client = local()
    configured(WATCHROOM_URL="http://localhost:8000")  # browsers want https, or their own machine
    client.post("/welcome", YOU)
    assert "Page me on this device" in client.get("/welcome/reach").content.decode()
    device = Subscription("https://push.example.org/device").settings()
    assert client.post("/welcome/reach", {"channel": "push", **device}).headers["Location"] == "/welcome/reach"
    page = client.get("/welcome/reach").content.decode()
    assert "Chrome on Android by push.example.org" in page and "Not tried yet" in page
    assert client.post("/welcome/reach", {"channel": "push", **device, "auth": "x"}).status_code == 422


def test_the_whole_walk() -> None:
    client = local()
    assert client.get("/account/login/").headers["Location"] == "/welcome"
    assert client.get("/welcome").status_code == 200
    assert client.post("/welcome", YOU).headers["Location"] == "/welcome/team"
    kim = Person.objects.get()
    assert (kim.email, kim.role, kim.timezone) == ("kim@example.org", Role.ADMINISTRATOR, "Europe/Berlin")
    assert client.get("/welcome").headers["Location"] == "/welcome/team"

    assert client.get("/welcome/team").status_code == 200
    assert (
        client.post("/welcome/team", {"team": "Operations", "service": "Web shop"}).headers["Location"]
        == "/welcome/reach"
    )
    assert list(on_call_now(clock.now()).values()) == [[kim]]
    policy = kim.teams.get().services.get().policy
    assert [str(step.targets.get()) for step in policy.steps.all()] == ["on call now in Operations on call", "Kim Ode"]

    assert client.get("/welcome/reach").status_code == 200
    assert [method.channel for method in ContactMethod.objects.filter(person=kim)] == ["browser"]
    assert client.post("/welcome/reach", {"channel": "ntfy", "ntfy-topic": "not a topic!"}).status_code == 422
    added = client.post("/welcome/reach", {"channel": "ntfy", "ntfy-topic": "kim-3f9a7c", "ntfy-label": "Phone"})
    assert added.headers["Location"] == "/welcome/reach"
    assert client.post("/welcome/reach").headers["Location"] == "/welcome/test"

    assert b"Page me now" in client.get("/welcome/test").content
    assert client.post("/welcome/test").status_code == 302
    rows = list(Notification.objects.order_by("id"))
    assert [row.purpose for row in rows] == ["test", "test"]
    assert b"On its way" in client.get("/welcome/test/state").content
    Notification.objects.filter(pk=rows[0].pk).update(state="sent", ended_at=clock.now(), due_at=None)
    assert b"It arrived" in client.get("/welcome/test").content
    client.post(f"/welcome/test/seen/{rows[0].pk}")
    assert b"You can be reached" in client.get("/welcome/test/state").content

    assert client.get("/welcome/alert").status_code == 200
    assert client.post("/welcome/alert", {"name": "Prometheus"}).headers["Location"] == "/welcome/alert"
    page = client.get("/welcome/alert").content.decode()
    integration = Integration.objects.get()
    assert f"/in/{integration.key_hint}" in page and "prometheus.yml" in page
    assert "Waiting for the first signal" in page
    factories.signal(integration)
    assert b"The first signal is here" in client.get("/welcome/alert/state").content

    assert client.get("/welcome/done").status_code == 200
    client.post("/welcome/done")
    assert Installation.objects.get().walk["finished"]
    assert client.get("/welcome").headers["Location"] == "/"


def test_a_stranger_needs_the_token_that_serve_prints() -> None:
    client = stranger()
    assert b"Set-up token" in client.get("/welcome").content
    assert client.post("/welcome", YOU).status_code == 403
    client.post("/welcome", {"token": "made.up"})
    assert b"Set-up token" in client.get("/welcome").content
    assert not Person.objects.exists()
    url = first_run.setup_url()
    assert client.get(url[url.index("/welcome") :]).headers["Location"] == "/welcome"
    assert client.post("/welcome", YOU).headers["Location"] == "/welcome/team"


@pytest.mark.parametrize("header", [{"HTTP_X_FORWARDED_FOR": "198.51.100.7"}, {"HTTP_HOST": "localhost.example.org"}])
def test_a_proxy_on_this_machine_is_not_the_operator(header: dict[str, str], settings: object) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]
    client = Client(REMOTE_ADDR="127.0.0.1", **({"HTTP_HOST": "127.0.0.1:8000"} | header))
    assert b"Set-up token" in client.get("/welcome").content


def test_it_happens_once() -> None:
    assert local().post("/welcome", YOU).status_code == 302
    second = local()
    assert (
        second.post("/welcome", YOU | {"email": "mallory@example.org"}).headers["Location"].startswith("/account/login")
    )
    assert Person.objects.count() == 1


def test_a_weak_password_is_refused_at_its_field() -> None:
    answer = local().post("/welcome", YOU | {"password": "password12"})
    assert answer.status_code == 422
    assert b"too common" in answer.content
    assert not Person.objects.exists()


def test_the_api_does_not_lead_to_the_walk() -> None:
    assert local().get("/api/v1/people").status_code in {401, 404}
