"""Incidents that are duplicates, parts of a larger one, or have to do with each other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

import factories as make
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.incidents import commands, linked
from watchroom.incidents.models import Incident, IncidentLink
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.paging.models import Escalation

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def declared(world: Any, title: str, **fields: Any) -> Incident:
    return commands.declare(world.by, title=title, team=world.team, **fields)


def test_a_duplicate_ends_and_its_alerts_go_over(world: Any) -> None:
    group = world.group()
    first = declared(world, "Checkout fails")
    second = commands.declare(world.by, alert_groups=[group], communications=world.viewer)
    commands.log(world.by, second, "symptom", "Cards are refused")
    commands.link_incidents(world.by, second, first, "duplicate_of")
    second.refresh_from_db()
    assert second.status == "resolved"
    assert (list(first.alert_groups.all()), list(second.alert_groups.all())) == ([group], [])
    assert list(first.services.all()) == [world.service]
    assert not Escalation.objects.filter(ended_at__isnull=True, kind="role").exists()
    assert "duplicate of #" in second.log.get(type="incident.linked").text
    there = linked.links_of(world.by, first, with_lines=True)[0]
    assert (there.kind, there.other) == ("has_duplicate", second)
    assert "Cards are refused" in [line.text for line in there.lines]
    assert [each.kind for each in linked.links_of(world.by, second)] == ["duplicate_of"]
    lines = first.log.count()
    commands.link_incidents(world.by, second, first, "duplicate_of")
    assert (first.log.count(), IncidentLink.objects.count()) == (lines, 1)
    commands.unlink_incidents(world.by, IncidentLink.objects.get())
    assert linked.links_of(world.by, first) == []
    assert commands.reopen(world.by, second).status == "active"


def test_no_circles_and_one_survivor(world: Any) -> None:
    one, two, three = (declared(world, title) for title in ("One", "Two", "Three"))
    commands.link_incidents(world.by, two, one, "part_of")
    commands.link_incidents(world.by, three, two, "part_of")
    for incident, other, kind in ((one, three, "part_of"), (three, one, "part_of")):
        with pytest.raises(Conflict):
            commands.link_incidents(world.by, incident, other, kind)
    commands.link_incidents(world.by, three, two, "duplicate_of")
    with pytest.raises(Conflict, match="duplicate itself"):
        commands.link_incidents(world.by, one, three, "duplicate_of")
    with pytest.raises(Conflict):
        commands.link_incidents(world.by, two, three, "duplicate_of")
    with pytest.raises(Refused):
        commands.link_incidents(world.by, one, one, "related")
    with pytest.raises(Refused):
        commands.link_incidents(world.by, one, two, "cousin")
    commands.link_incidents(world.by, two, one, "related")
    commands.link_incidents(world.by, one, two, "related")
    assert IncidentLink.objects.filter(kind="related").count() == 1


def test_a_link_tells_nobody_of_a_private_incident(world: Any) -> None:
    public, secret = declared(world, "Logins fail"), declared(world, "Somebody broke in", private=True)
    commands.log(world.by, secret, "note", "It was the back door")
    commands.link_incidents(world.by, secret, public, "duplicate_of")
    for person in (world.viewer, world.stranger):
        assert linked.links_of(acting(person), public, with_lines=True) == []
        with pytest.raises(NotFound):
            commands.link_incidents(acting(person), public, secret, "related")
        with pytest.raises(NotFound):
            linked.link_for(acting(person), public, IncidentLink.objects.get().pk)
    assert not any("broke in" in text for text in public.log.values_list("text", flat=True))
    assert linked.links_of(acting(world.manager), public)[0].other == secret


def test_one_must_be_able_to_act_in_both(world: Any) -> None:
    ours, theirs = declared(world, "Ours"), commands.declare(acting(world.stranger), title="Theirs", team=None)
    Incident.objects.filter(pk=theirs.pk).update(team=make.team("Mail"), declared_by=None)
    theirs.refresh_from_db()
    for incident, other in ((ours, theirs), (theirs, ours)):
        with pytest.raises(NotAllowed):
            commands.link_incidents(world.by, incident, other, "duplicate_of")
    assert not IncidentLink.objects.exists()


def test_by_page(world: Any, client: Any, django_assert_max_num_queries: Any) -> None:
    first, second = declared(world, "Checkout fails"), declared(world, "Cards are refused")
    client.force_login(world.responder, backend=BACKEND)
    at = f"/incidents/{second.pk}/links"
    assert client.post(at, {"kind": "related", "other": "nine"}).status_code == 422
    client.post(at, {"kind": "duplicate_of", "other": f"#{first.pk}"})
    assert "This is a duplicate. It goes on in" in client.get(f"/incidents/{second.pk}").content.decode()
    with django_assert_max_num_queries(41):
        page = client.get(f"/incidents/{first.pk}").content.decode()
    assert "Its log" in page
    assert "Cards are refused" in page
    client.force_login(world.viewer, backend=BACKEND)
    link = IncidentLink.objects.get()
    assert client.post(at, {"unlink": link.pk}).status_code == 403
    client.force_login(world.responder, backend=BACKEND)
    client.post(at, {"unlink": link.pk})
    assert not IncidentLink.objects.exists()


def test_by_api(world: Any, client: Any) -> None:
    first, second = declared(world, "Checkout fails"), declared(world, "Cards are refused", private=True)
    client.force_login(world.responder, backend=BACKEND)
    at = f"/api/v1/incidents/{second.pk}/links"
    body = {"other": first.pk, "kind": "part_of"}
    answer = client.post(at, json.dumps(body), content_type="application/json")
    assert answer.status_code == 201
    assert [(each["kind"], each["incident"]) for each in answer.json()] == [("part_of", first.pk)]
    client.force_login(world.viewer, backend=BACKEND)
    assert client.get(at).status_code == 404
    assert client.get(f"/api/v1/incidents/{first.pk}/links").json() == []
    client.force_login(world.responder, backend=BACKEND)
    assert client.delete(f"{at}/{answer.json()[0]['id']}").status_code == 204


def test_by_command_line(world: Any) -> None:
    first, second = declared(world, "Checkout fails"), declared(world, "Cards are refused")
    make.person("Anna", "administrator")
    run = CliRunner().invoke
    done = run(cli, ["incident", "link", str(second.pk), "duplicate-of", str(first.pk)])
    assert done.exit_code == 0, done.output
    link = json.loads(run(cli, ["incident", "links", str(first.pk), "--json"]).output)
    assert link[0]["kind"] == "has_duplicate"
    assert run(cli, ["incident", "unlink", str(second.pk), str(link[0]["id"])]).exit_code == 0
    assert not IncidentLink.objects.exists()
