"""One voice: drafted by anyone, published by the communications lead, corrected but never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.incidents import commands, queries, rules
from watchroom.incidents.models import Incident, Update, UpdateDraft
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
JSON = "application/json"


@pytest.fixture
def by(db: None, clock: TravellingClock) -> Actor:
    return make.actor("Ada")


@pytest.fixture
def incident(by: Actor) -> Incident:
    return commands.declare(by, title="Nobody can pay", severity=2, team=make.team("Shop"))


def responder(incident: Incident, name: str) -> Actor:
    person = make.person(name)
    assert incident.team is not None
    make.membership(incident.team, person, "responder")
    return acting(person)


def test_published_by_one_voice(by: Actor, incident: Incident) -> None:
    rita, carl = responder(incident, "Rita"), responder(incident, "Carl")
    for role in incident.roles.filter(ended_at__isnull=True):
        commands.end_role(by, role)
    commands.publish_update(rita, incident, happening="We look into it")  # nobody is the voice yet
    assert carl.person is not None
    commands.assign_role(by, incident, "communications", carl.person)
    with pytest.raises(NotAllowed) as refused:
        commands.publish_update(rita, incident, happening="I, too")
    assert "communications lead or the commander publishes" in refused.value.message
    commands.save_draft(rita, incident, version=0, happening="I, too")
    commands.publish_update(carl, incident, happening="Carl speaks")


@given(held=st.sets(st.sampled_from(["commander", "communications", "scribe", "expert"])), others=st.sets(st.sampled_from(["commander", "communications", "scribe"])))  # fmt: skip
def test_there_is_always_somebody_who_may(held: set[str], others: set[str]) -> None:
    taken = held | others
    assert rules.may_publish(held, taken) or bool(rules.VOICES & others)
    if held & rules.VOICES or not taken & rules.VOICES:
        assert rules.may_publish(held, taken)


def test_conflicting_drafts_are_refused_never_merged(by: Actor, incident: Incident, client: Any) -> None:
    rita = responder(incident, "Rita")
    draft = commands.save_draft(rita, incident, version=0, happening="One", wordings={"internal": {"doing": "db-7"}})
    assert draft.version == 1
    commands.save_draft(by, incident, version=1, happening="Two")
    with pytest.raises(Conflict) as refused:
        commands.save_draft(rita, incident, version=1, happening="Mine")
    assert "Ada has saved version 2" in refused.value.message
    assert UpdateDraft.objects.get().happening == "Two"
    client.force_login(rita.person, backend=BACKEND)
    form = {"whole": "1", "do": "save", "version": "1", "stage": "investigating", "happening": "Mine"}
    answer = client.post(f"/incidents/{incident.pk}/updates", form)
    text = answer.content.decode()
    assert answer.status_code == 409 and "Two" in text and "Mine" in text  # neither is lost
    assert UpdateDraft.objects.get().happening == "Two"
    with pytest.raises(Conflict):
        commands.publish_update(by, incident, happening="Old", draft_version=1)
    commands.publish_update(by, incident, happening="Two", draft_version=2)
    assert not UpdateDraft.objects.exists()
    with pytest.raises(Conflict):
        commands.save_draft(rita, incident, version=2, happening="Late")


def test_a_correction_leaves_the_original(by: Actor, incident: Incident, client: Any) -> None:
    first = commands.publish_update(by, incident, happening="All customers")
    second = commands.publish_update(by, incident, happening="Only in Europe", corrects=first)
    first.refresh_from_db()
    assert (first.happening, second.corrects_id) == ("All customers", first.pk)
    rows = {row.pk: row.is_corrected for row in queries.updates_of(incident)}  # type: ignore[attr-defined]
    assert rows == {first.pk: True, second.pk: False}
    other = commands.declare(by, title="Other", severity=3)
    with pytest.raises(Refused):
        commands.publish_update(by, other, happening="X", corrects=first)
    client.force_login(by.person, backend=BACKEND)
    page = client.get(f"/incidents/{incident.pk}/updates?correct={first.pk}").content.decode()
    assert "You are correcting" in page and "Corrected later" in page
    form = {"whole": "1", "do": "publish", "corrects": first.pk, "stage": "identified", "happening": "Only in Spain"}
    assert client.post(f"/incidents/{incident.pk}/updates", form).status_code == 302
    assert Update.objects.latest("pk").corrects_id == first.pk


def test_every_update_says_when_the_next_one_is_due(by: Actor, incident: Incident) -> None:
    promised = commands.publish_update(by, incident, happening="X").next_update_at
    assert promised == clocks.now() + timedelta(hours=1)
    own = clocks.now() + timedelta(minutes=7)
    assert commands.publish_update(by, incident, happening="X", next_update_at=own).next_update_at == own
    assert commands.publish_update(by, incident, stage="resolved", happening="X").next_update_at is None


def test_wordings(by: Actor, incident: Incident) -> None:
    for wrong in ({"aliens": {"happening": "x"}}, {"internal": {"song": "x"}}):
        with pytest.raises(Refused):
            commands.publish_update(by, incident, happening="X", wordings=wrong)
    assert rules.wording({"happening": "A", "impact": "B"}, {"internal": {"impact": "C"}}, "internal") == {
        "happening": "A",
        "impact": "C",
        "doing": "",
    }


def test_templates(by: Actor, incident: Incident, client: Any) -> None:
    client.force_login(by.person, backend=BACKEND)
    assert incident.team is not None
    body = {"name": "Holding", "team": incident.team.slug, "severities": [1, 2], "happening": "{title}: we are on it"}
    made = client.post("/api/v1/update-templates", body, content_type=JSON)
    assert made.status_code == 201 and made.json()["slug"] == "holding"
    text = client.get(f"/incidents/{incident.pk}/updates?template=holding").content.decode()
    assert "Nobody can pay: we are on it" in text
    other = client.post("/api/v1/update-templates", body | {"name": "Mild", "severities": [4]}, content_type=JSON)
    assert other.status_code == 201
    assert [each.slug for each in queries.templates_for(incident)] == ["holding"]
    form = {
        "name": "Board",
        "team": incident.team.slug,
        "stage": "investigating",
        "audience": "executives",
        "impact": "{severity}",
    }
    assert client.post("/update-templates/new", form).status_code == 302
    assert client.post("/update-templates/new", form | {"impact": ""}).status_code == 422
    assert "SEV2" in client.get(f"/incidents/{incident.pk}/updates?template=board").content.decode()
    assert client.get("/update-templates").status_code == client.get("/update-templates/holding").status_code == 200
    viewer = make.person("Vic")
    client.force_login(viewer, backend=BACKEND)
    assert client.delete("/api/v1/update-templates/holding").status_code == 403
    client.force_login(by.person, backend=BACKEND)
    assert client.delete("/api/v1/update-templates/holding").status_code == 204


def test_api(by: Actor, incident: Incident, client: Any) -> None:
    client.force_login(by.person, backend=BACKEND)
    address = f"/api/v1/incidents/{incident.pk}/draft"
    assert client.get(address).json()["version"] == 0
    saved = client.put(address, {"version": 0, "happening": "One"}, content_type=JSON).json()
    assert (saved["version"], saved["edited_by"], saved["publishes"]) == (1, "Ada", True)
    assert client.put(address, {"version": 0, "happening": "Two"}, content_type=JSON).status_code == 409
    body = {"happening": "One", "draft_version": 1, "wordings": {"customers": {"happening": "Sorry"}}}
    made = client.post(f"/api/v1/incidents/{incident.pk}/updates", body, content_type=JSON)
    assert made.status_code == 201 and made.json()["wordings"] == {"customers": {"happening": "Sorry"}}
    assert client.delete(f"{address}?version=0").status_code == 204
    wrong = {"happening": "X", "corrects": 999_999}
    assert client.post(f"/api/v1/incidents/{incident.pk}/updates", wrong, content_type=JSON).status_code == 404
