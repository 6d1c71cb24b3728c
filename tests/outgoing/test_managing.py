"""Webhooks as they are configured: who may, by page, API, command line and file."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client
from jsonschema import Draft202012Validator

import factories as make
from outgoing.hooks import BACKEND, SECRET, deliver, hook
from peers.http import HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import Person
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.errors import NotAllowed, NotFound, Refused
from watchroom.outgoing import commands, queries
from watchroom.outgoing.catalog import TYPES, schema_of
from watchroom.outgoing.models import Dispatch, Webhook
from watchroom.outgoing.sending import payload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "loopback")]


def test_managers_have_their_teams_and_administrators_everybodys(http_peer: HttpPeer, admin: Actor) -> None:
    team = make.team()
    kim = make.person("Kim", "responder")
    make.membership(team, kim, "manager")
    manager = acting(kim)
    own = hook(manager, http_peer.url, team=team, name="Own")
    everybodys = hook(admin, http_peer.url, name="Everybody's")
    with pytest.raises(NotAllowed):
        hook(manager, http_peer.url, name="Mine now")
    assert list(queries.visible_to(manager)) == [own]
    with pytest.raises(NotFound):
        queries.webhook_by(manager, everybodys.slug)
    for action in (commands.test, commands.renew_secret, commands.delete_webhook):
        with pytest.raises(NotAllowed):
            action(manager, everybodys)
    with pytest.raises(NotAllowed):
        commands.save_webhook(manager, everybodys, team=team, name="x", url=http_peer.url, events=["*"])
    assert list(queries.visible_to(make.actor("V", "responder"))) == []


def test_another_address_never_gets_the_old_secret(admin: Actor, http_peer: HttpPeer) -> None:
    row = hook(admin, http_peer.url)
    fields = {"team": None, "name": row.name, "events": ["*"]}
    _, shown = commands.save_webhook(admin, row, url=http_peer.url, **fields)
    assert shown == "" and row.secret == SECRET
    _, shown = commands.save_webhook(admin, row, url=f"{http_peer.url}/other", **fields)
    assert shown.startswith("whs_") and row.secret == shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("events", []),
        ("events", ["nothing.happens"]),
        ("events", ["incident"]),
        ("url", "ftp://x"),
        ("name", " "),
        ("secret", "short"),
    ],
)
def test_bad_input_is_refused_by_field(admin: Actor, http_peer: HttpPeer, field: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        hook(admin, value if field == "url" else http_peer.url, **({} if field == "url" else {field: value}))
    assert refused.value.field == field and refused.value.fix


def test_the_pages(client: Client, admin: Actor, http_peer: HttpPeer, django_assert_max_num_queries: Any) -> None:
    assert "No webhooks yet" in client.get("/webhooks").content.decode()
    said = {"name": "Warehouse", "url": http_peer.url, "families": ["incident.*"], "others": "task.added"}
    assert client.post("/webhooks/new", said | {"others": "nonsense"}).status_code == 422
    shown = client.post("/webhooks/new", said, follow=True).content.decode()
    row = Webhook.objects.get()
    assert row.events == ["incident.*", "task.added"] and str(row.secret) in shown
    assert str(row.secret) not in client.get("/webhooks/warehouse").content.decode(), "shown once"
    page = client.post("/webhooks/warehouse/do", {"do": "test"}, follow=True).content.decode()
    assert "webhook.tested" in page and "not been tried" in page
    deliver()
    assert http_peer.requests[-1].json()["test"] is True
    for number in range(30):
        incidents.declare(admin, title=f"Incident {number}")
    deliver()
    with django_assert_max_num_queries(16):
        listed = client.get("/webhooks/warehouse").content.decode()
    assert "Incident 29" in listed
    one = Dispatch.objects.order_by("-id").first()
    assert one is not None
    client.post(f"/webhook-deliveries/{one.pk}/replay")
    deliver()
    assert http_peer.requests[-1].json() == payload(one.event)
    assert client.get("/webhooks/warehouse?state=failed").status_code == 200
    assert "incident.declared" in client.get("/webhooks/events").content.decode()
    assert client.get("/webhooks/warehouse/edit").status_code == 200
    client.post("/webhooks/warehouse/do", {"do": "off"})
    assert "switched off" in client.get("/webhooks/warehouse").content.decode()
    client.post("/webhooks/warehouse/do", {"do": "delete"})
    assert not Webhook.objects.exists()


def test_who_may_not_change_it_does_not_see_it(admin: Actor, http_peer: HttpPeer) -> None:
    row = hook(admin, http_peer.url)
    dispatch = commands.test(admin, row)
    client = Client()
    client.force_login(make.person("V", "responder"), backend=BACKEND)
    for path in (f"/webhooks/{row.slug}", f"/webhooks/{row.slug}/edit", f"/webhook-deliveries/{dispatch.pk}"):
        assert client.get(path).status_code == 404
        assert client.get(f"/api/v1{path.removesuffix('/edit')}").status_code == 404
    assert client.get("/webhooks/new").status_code == 403
    assert client.post(f"/webhooks/{row.slug}/do", {"do": "delete"}).status_code == 404
    assert Webhook.objects.exists()


def test_the_delivery_log_hides_private_incidents_from_who_may_not_see_them(admin: Actor, http_peer: HttpPeer) -> None:
    team = make.team()
    kim = make.person("Kim", "responder")
    make.membership(team, kim, "manager")
    row = hook(acting(kim), http_peer.url, team=team)
    incident = incidents.declare(admin, title="Moves away", team=team)
    deliver()
    assert queries.dispatches_visible_to(acting(kim)).count() == 1
    Incident.objects.filter(pk=incident.pk).update(team=make.team(), private=True)
    assert queries.dispatches_visible_to(acting(kim)).count() == 0
    assert queries.dispatches_visible_to(admin).filter(webhook=row).count() == 1


def test_the_command_line(admin: Actor, http_peer: HttpPeer) -> None:
    def run(*words: str) -> Any:
        answer = CliRunner().invoke(cli, [*words, "--json"])
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output)

    made = run("webhook", "create", "Warehouse", http_peer.url, "--event", "incident.*")
    assert made["secret"].startswith("whs_") and made["owner"] == Person.objects.get().email
    tried = run("webhook", "test", "warehouse")
    deliver()
    assert run("webhook", "delivery", str(tried["id"]))["tries"][0]["ok"] is True
    assert run("webhook", "replay", str(tried["id"]))["state"] == "waiting"
    deliver()
    since = (kernel_clock.now() - timedelta(hours=1)).isoformat()
    assert run("webhook", "replay", "warehouse", "--since", since, "--all") == {"replayed": 1}
    assert [each["type"] for each in run("webhook", "deliveries", "warehouse")["items"]] == ["webhook.tested"]
    assert run("webhook", "off", "warehouse")["enabled"] is False
    assert run("webhook", "on", "warehouse")["enabled"] is True
    assert run("webhook", "secret", "warehouse")["secret"] == Webhook.objects.get().secret
    assert run("webhook", "secret", "warehouse", "--overlap-hours", "2")["secret"] == Webhook.objects.get().secret
    assert run("webhooks")["items"][0]["old_secret_until"] == "2026-03-02T11:00:00Z"
    CliRunner().invoke(cli, ["webhook", "secret", "warehouse", "--drop-old"])
    assert Webhook.objects.get().old_secret is None
    assert len(run("event-types")) == len(TYPES)
    assert [each["slug"] for each in run("webhooks")["items"]] == ["warehouse"]
    CliRunner().invoke(cli, ["webhook", "delete", "warehouse"])
    assert not Webhook.objects.exists()


def test_a_file_says_the_same_twice(admin: Actor) -> None:
    make.team(slug="shop")
    text = """
version: 1
webhooks:
  - {slug: warehouse, name: Warehouse, team: shop, url: "https://hooks.example.org/in", events: [update.*, incident.*]}
"""
    steps, keys = apply(admin, parse(yaml.safe_load(text), "file"))
    assert [each.verb for each in steps] == ["create"] and keys["webhooks warehouse"] == Webhook.objects.get().secret
    assert apply(admin, parse(yaml.safe_load(text), "file")) == ([], {})
    exported = {"version": 1, "webhooks": list(read()["webhooks"].values())}
    assert apply(admin, parse(exported, "file")) == ([], {})
    assert apply(admin, parse({"version": 1, "webhooks": []}, "file"), prune=True)[0][0].verb == "delete"


def test_every_event_has_a_schema_that_is_one() -> None:
    for each in TYPES.values():
        Draft202012Validator.check_schema(schema_of(each))
