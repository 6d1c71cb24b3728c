"""Who may read a page that is not public, and a page under its own domain."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpResponse

import factories as make
from watchroom.accounts.actors import Actor
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.status import commands
from watchroom.status.models import StatusPage, Try
from watchroom.status.public.access import GUESSES_OF_ALL
from watchroom.status.public.domain import DomainMiddleware
from watchroom.status.rules.access import is_from, whose

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
DOCUMENTS = ("", "/feed.atom", "/feed.rss", "/maintenance.ics", "/badge.svg", "/api/v2/summary.json", "/subscribe")


def save(by: Actor, page: StatusPage, **fields: Any) -> StatusPage:
    return commands.save_status_page(by, page, team=page.team, name=page.name, **fields)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_page_for_people_who_are_signed_in(by: Actor, page: StatusPage, client: Any, path: str) -> None:
    save(by, page, public=False)
    assert client.get(f"/status/shop-status{path}").status_code == 404
    client.force_login(make.person("Vic"), backend=BACKEND)
    answer = client.get(f"/status/shop-status{path}")
    assert answer.status_code == 200
    assert "private" in answer["Cache-Control"] and "X-Watchroom-Shelf" not in answer
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_page_for_a_network(by: Actor, page: StatusPage, client: Any, path: str) -> None:
    save(by, page, public=False, networks=["203.0.113.0/24", "2001:db8::1"])
    assert client.get(f"/status/shop-status{path}", REMOTE_ADDR="203.0.114.1").status_code == 404
    for address in ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1"):
        assert client.get(f"/status/shop-status{path}", REMOTE_ADDR=address).status_code == 200


def test_a_page_with_a_password(by: Actor, page: StatusPage, client: Any) -> None:
    save(by, page, public=False, password="open sesame")
    asked = client.get("/status/shop-status")
    assert asked.status_code == 403 and b"Checkout" not in asked.content and b'type="password"' in asked.content
    assert client.get("/status/shop-status/api/v2/summary.json").status_code == 401
    assert client.get("/status/shop-status/subscribe").status_code == 404
    assert client.get("/status/shop-status/style.css").status_code == 200
    wrong = client.post("/status/shop-status/password", {"password": "close sesame"})
    assert (wrong.status_code, wrong.cookies.get(f"status-{page.pk}")) == (403, None)
    assert client.post("/status/shop-status/password", {"password": "open sesame"})["Location"] == "/status/shop-status"
    assert b"Past incidents" in client.get("/status/shop-status").content
    save(by, page, public=False)  # it stays
    assert client.get("/status/shop-status").status_code == 200
    save(by, page, public=False, password="another one")  # whoever knew the old one must ask again
    assert client.get("/status/shop-status").status_code == 403
    pair = base64.b64encode(b"feed reader:another one").decode()
    for path in ("/feed.atom", "/api/v2/status.json"):
        assert client.get(f"/status/shop-status{path}", headers={"Authorization": f"Basic {pair}"}).status_code == 200
        wrong = client.get(f"/status/shop-status{path}", headers={"Authorization": "Basic \u00b3"})
        assert wrong.status_code in {401, 403}
    save(by, page, public=False, password="")
    assert client.get("/status/shop-status").status_code == 404


def test_a_password_can_not_be_guessed_for_long(
    by: Actor, page: StatusPage, client: Any, clock: TravellingClock
) -> None:
    save(by, page, public=False, password="open sesame")
    for _ in range(10):
        assert client.post("/status/shop-status/password", {"password": "x"}).status_code == 403
    right = {"password": "open sesame"}
    assert client.post("/status/shop-status/password", right).status_code == 429
    assert client.post("/status/shop-status/password", right, REMOTE_ADDR="192.0.2.1").status_code == 302
    clock.advance(timedelta(minutes=16))
    assert client.post("/status/shop-status/password", right).status_code == 302


def test_whoever_moves_about_in_a_network_of_theirs_is_the_same(by: Actor, page: StatusPage, client: Any) -> None:
    save(by, page, public=False, password="open sesame")
    wrong = {"password": "x"}
    for last in range(10):
        client.post("/status/shop-status/password", wrong, REMOTE_ADDR=f"2001:db8:1:2::{last}")
    right = {"password": "open sesame"}
    assert client.post("/status/shop-status/password", right, REMOTE_ADDR="2001:db8:1:2:a::1").status_code == 429
    assert client.post("/status/shop-status/password", right, REMOTE_ADDR="2001:db8:1:3::1").status_code == 302
    assert whose("::ffff:192.0.2.1") == whose("192.0.2.1") != whose("192.0.2.2")


def test_all_guess_a_page_together(
    by: Actor, page: StatusPage, client: Any, clock: TravellingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(by, page, public=False, password="open sesame")
    monkeypatch.setattr("watchroom.status.public.access.check_password", lambda guess, _: guess == "open sesame")
    for number in range(GUESSES_OF_ALL):
        client.post("/status/shop-status/password", {"password": "x"}, REMOTE_ADDR=f"192.0.2.{number}")
    right = {"password": "open sesame"}
    assert client.post("/status/shop-status/password", right, REMOTE_ADDR="198.51.100.1").status_code == 429
    clock.advance(timedelta(minutes=16))
    assert client.post("/status/shop-status/password", right, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_who_knows_the_password_has_not_guessed(by: Actor, page: StatusPage, client: Any) -> None:
    save(by, page, public=False, password="open sesame")
    pair = base64.b64encode(b"feed reader:open sesame").decode()
    for _ in range(12):
        answer = client.get("/status/shop-status/feed.atom", headers={"Authorization": f"Basic {pair}"})
        assert answer.status_code == 200
    assert not Try.objects.exists()


def test_a_page_stays_private_unless_it_is_said(by: Actor, page: StatusPage, client: Any) -> None:
    save(by, page, public=False)
    client.force_login(by.person, backend=BACKEND)
    body = {"team": page.team.slug, "name": "Shop status"}
    address = "/api/v1/status-pages/shop-status"
    for sent, public in ((body, False), (body | {"public": True}, True), (body, True)):
        answer = client.put(address, sent, content_type="application/json")
        assert (answer.status_code, answer.json()["public"]) == (200, public)
    made = client.post("/api/v1/status-pages", body | {"name": "New"}, content_type="application/json")
    assert made.json()["public"] is True


def test_the_cookie_of_one_page_opens_no_other(by: Actor, page: StatusPage, client: Any) -> None:
    save(by, page, public=False, password="open sesame")
    other = commands.save_status_page(by, None, team=page.team, name="Other", public=False, password="open sesame")
    client.post("/status/shop-status/password", {"password": "open sesame"})
    client.cookies[f"status-{other.pk}"] = client.cookies[f"status-{page.pk}"].value
    assert client.get("/status/other").status_code == 403


def test_networks() -> None:
    assert is_from("10.1.2.3", ["10.0.0.0/8"]) and not is_from("11.1.2.3", ["10.0.0.0/8"])
    assert not is_from("nonsense", ["0.0.0.0/0"]) and not is_from("10.1.2.3", [])


# --- Its own domain --------------------------------------------------------------------------------------------------


def test_a_page_under_its_own_domain(by: Actor, page: StatusPage, client: Any) -> None:
    save(by, page, domain="Status.Example.org")
    there: dict[str, Any] = {"HTTP_HOST": "status.example.org"}
    text = client.get("/", **there).content.decode()
    assert 'href="/style.css"' in text and 'href="/feed.atom"' in text and "/status/shop-status" not in text
    summary = client.get("/api/v2/summary.json", **there).json()
    assert summary["page"]["url"] == "http://status.example.org"
    assert client.get("/subscribe", **there).status_code == 200
    for path in ("/status-pages", "/api/v1/incidents", "/account/login/", "/status/shop-status", "/incidents"):
        assert client.get(path, **there).status_code == 404
    assert client.get("/", HTTP_HOST="other.example.org").status_code == 400


def test_a_domain_is_for_one_page(by: Actor, page: StatusPage) -> None:
    save(by, page, domain="status.example.org")
    with pytest.raises(Conflict):
        commands.save_status_page(by, None, team=page.team, name="Other", domain="status.example.org")
    for wrong in ("localhost", "127.0.0.1:80", "https://status.example.org", "a b.org", "-.org"):
        with pytest.raises(Refused) as refused:
            save(by, page, domain=wrong)
        assert refused.value.field == "domain"
    with pytest.raises(Refused):
        save(by, page, networks=["10.0.0.0/99"])


def test_a_name_under_which_watchroom_answers_is_no_domain_of_a_page(
    by: Actor, page: StatusPage, configured: Callable[..., None]
) -> None:
    configured(WATCHROOM_ALLOWED_HOSTS="Status.example.org")
    with pytest.raises(Refused) as refused:
        save(by, page, domain="status.example.org")
    assert refused.value.field == "domain"
    assert "WATCHROOM_ALLOWED_HOSTS" in refused.value.fix


def test_while_the_database_is_away_no_name_is_called_unknown(
    by: Actor, page: StatusPage, monkeypatch: pytest.MonkeyPatch, rf: Any
) -> None:
    """Else the gate would take what it has kept of the page for something that is gone."""
    save(by, page, domain="status.example.org")
    asked = DomainMiddleware(lambda request: HttpResponse(request.path))
    request = rf.get("/feed.atom", HTTP_HOST="status.example.org")

    def away(*arguments: Any, **named: Any) -> Any:
        raise OperationalError("no such table")

    with monkeypatch.context() as broken:
        broken.setattr(StatusPage.objects, "exclude", away)
        assert asked(request).status_code == 503
        assert asked(rf.get("/", HTTP_HOST="testserver")).content == b"/"
        for own, name in ((".example.net", "watchroom.example.net"), ("*", "watchroom.example.com")):
            broken.setattr(settings, "ALLOWED_HOSTS", [own])
            assert asked(rf.get("/", HTTP_HOST=name)).content == b"/"
    assert asked(request).content == b"/status/shop-status/feed.atom"
