"""Every document of a status page: JSON in Statuspage's shape, feeds, calendar, badge, style, and the page in four languages."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import icalendar
import jsonschema
import pytest

from watchroom.accounts.actors import Actor
from watchroom.accounts.commands import make_token
from watchroom.incidents.models import Incident, Update
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.status import commands, rules
from watchroom.status.models import StatusPage
from watchroom.status.public.copies import files

AT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
AT_OR_NONE = {"anyOf": [AT, {"type": "null"}]}


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def some(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
TEXT_OR_NONE = {"type": ["string", "null"]}
# The shape that existing consumers read (the TypeScript and Go clients of the public API agree on it).
PAGE = thing(id=TEXT, name=TEXT, url=TEXT, time_zone=TEXT, updated_at=AT)
COMPONENT = thing(
    id=TEXT,
    name=TEXT,
    status={"enum": list(rules.ORDER)},
    created_at=AT,
    updated_at=AT,
    position={"type": "integer"},
    description=TEXT_OR_NONE,
    showcase=FLAG,
    start_date=TEXT_OR_NONE,
    group_id=TEXT_OR_NONE,
    page_id=TEXT,
    group=FLAG,
    only_show_if_degraded=FLAG,
)
AFFECTED = some(thing(code=TEXT, name=TEXT, new_status=TEXT))
TOLD = thing(
    id=TEXT,
    status=TEXT,
    body=TEXT,
    incident_id=TEXT,
    created_at=AT,
    updated_at=AT,
    display_at=AT,
    affected_components=AFFECTED,
)
INCIDENT = thing(
    id=TEXT,
    name=TEXT,
    status={"enum": ["investigating", "identified", "monitoring", "resolved"]},
    created_at=AT,
    updated_at=AT,
    monitoring_at=AT_OR_NONE,
    resolved_at=AT_OR_NONE,
    impact={"enum": ["none", "minor", "major", "critical"]},
    shortlink=TEXT,
    started_at=AT,
    page_id=TEXT,
    incident_updates=some(TOLD),
    components=some(COMPONENT),
)
WORK = thing(
    id=TEXT,
    name=TEXT,
    status={"enum": ["scheduled", "in_progress", "verifying", "completed"]},
    impact={"const": "maintenance"},
    scheduled_for=AT,
    scheduled_until=AT,
    incident_updates=some(TOLD),
    components=some(COMPONENT),
)
STATUS = thing(indicator={"enum": ["none", "minor", "major", "critical", "maintenance"]}, description=TEXT)
SHAPES = {
    "summary.json": thing(
        page=PAGE,
        status=STATUS,
        components=some(COMPONENT),
        incidents=some(INCIDENT),
        scheduled_maintenances=some(WORK),
    ),
    "status.json": thing(page=PAGE, status=STATUS),
    "components.json": thing(page=PAGE, components=some(COMPONENT)),
    "incidents.json": thing(page=PAGE, incidents=some(INCIDENT)),
    "incidents/unresolved.json": thing(page=PAGE, incidents=some(INCIDENT)),
    "scheduled-maintenances.json": thing(page=PAGE, scheduled_maintenances=some(WORK)),
    "scheduled-maintenances/upcoming.json": thing(page=PAGE, scheduled_maintenances=some(WORK)),
    "scheduled-maintenances/active.json": thing(page=PAGE, scheduled_maintenances=some(WORK)),
}


@pytest.fixture
def lively(
    by: Actor,
    page: StatusPage,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
    clock: TravellingClock,
) -> StatusPage:
    """One incident is over, one is open, one maintenance runs and one is to come."""
    over = declare()
    commands.publish(by, tell(over), [page])
    clock.advance(timedelta(minutes=20))
    commands.publish(by, tell(over, "resolved", happening="It is over"), [page])
    commands.publish(
        by, tell(declare(severity=2), happening="Cards are slow", impact="Paying <takes> a minute"), [page]
    )
    now = clocks.now()
    times = {"starts_at": now + timedelta(minutes=1), "ends_at": now + timedelta(hours=1)}
    commands.schedule(by, page, title="New disks", components=["Search"], **times)
    times = {"starts_at": now + timedelta(days=1), "ends_at": now + timedelta(days=1, hours=1)}
    commands.schedule(by, page, title="New network", components=["Search"], **times)
    clock.advance(timedelta(minutes=2))
    commands.turn_over(10)
    return page


@pytest.mark.parametrize("name", SHAPES)
def test_json_has_the_shape_that_consumers_of_statuspage_read(client: Any, lively: StatusPage, name: str) -> None:
    answer = client.get(f"/status/shop-status/api/v2/{name}")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "*")
    jsonschema.validate(answer.json(), SHAPES[name])
    assert b"Secret" not in answer.content


def test_the_page_names_all_that_is_to_be_kept_with_it(client: Any, lively: StatusPage) -> None:
    named = client.get(f"/status/{lively.slug}")["X-Watchroom-Shelf-With"].split()
    assert {"api/v2/summary.json", "api/v2/incidents/unresolved.json", "feed.atom", "badge.svg", "style.css"} <= {
        *named
    }
    answers = {name: client.get(f"/status/{lively.slug}/{name}") for name in named if name != "logo"}
    assert all(answer.status_code == 200 and answer["X-Watchroom-Shelf"] for answer in answers.values())
    assert not any("X-Watchroom-Shelf-With" in answer for answer in answers.values())


def test_what_is_where(client: Any, lively: StatusPage) -> None:
    def names(path: str, kind: str) -> list[str]:
        return [each["name"] for each in client.get(f"/status/shop-status/api/v2/{path}.json").json()[kind]]

    kind = "scheduled_maintenances"
    assert names("summary", kind) == ["New disks", "New network"]
    assert names(kind.replace("_", "-"), kind) == ["New network", "New disks"]
    assert names("scheduled-maintenances/upcoming", kind) == ["New network"]
    assert names("scheduled-maintenances/active", kind) == ["New disks"]
    assert len(names("incidents", "incidents")) == 2
    assert len(names("incidents/unresolved", "incidents")) == 1
    components = client.get("/status/shop-status/api/v2/components.json").json()["components"]
    group = next(each for each in components if each["group"])
    assert [each["name"] for each in components if each["id"] in group["components"]] == ["Checkout"]
    assert {each["name"]: each["status"] for each in components} == {
        "Checkout": "partial_outage",
        "Shop": "partial_outage",
        "Search": "under_maintenance",
    }


def test_feeds_and_calendar(client: Any, lively: StatusPage) -> None:
    atom = ElementTree.fromstring(client.get("/status/shop-status/feed.atom").content)
    titles = [each.text for each in atom.iter("{http://www.w3.org/2005/Atom}title")]
    assert "New disks: In progress" in titles and "Problems with Checkout: Resolved" in titles
    rss = ElementTree.fromstring(client.get("/status/shop-status/feed.rss").content)
    assert len(rss.findall("./channel/item")) == 6  # three updates, and three notes on two maintenances
    calendar = icalendar.Calendar.from_ical(client.get("/status/shop-status/maintenance.ics").content)
    events = {str(event["SUMMARY"]): event for event in calendar.walk("VEVENT")}
    assert set(events) == {"New disks", "New network"}
    assert events["New network"].decoded("DTSTART") == clocks.now() + timedelta(days=1, minutes=-2)


def test_what_was_called_off_leaves_calendars(by: Actor, client: Any, lively: StatusPage) -> None:
    commands.end(by, lively.maintenance.get(title="New network"))
    calendar = icalendar.Calendar.from_ical(client.get("/status/shop-status/maintenance.ics").content)
    states = {str(event["SUMMARY"]): (str(event["STATUS"]), event["SEQUENCE"]) for event in calendar.walk("VEVENT")}
    assert states["New network"] == ("CANCELLED", 2)
    upcoming = client.get("/status/shop-status/api/v2/scheduled-maintenances.json").json()["scheduled_maintenances"]
    assert [each["name"] for each in upcoming] == ["New disks"]


@pytest.mark.parametrize(
    ("accept", "language", "words"),
    [
        ("de-CH,de;q=0.9,en;q=0.5", "de", "Vergangene Störungen"),
        ("fr", "fr", "Incidents passés"),
        ("es-MX;q=0.8, it", "es", "Incidentes anteriores"),
        ("it, ja", "en", "Past incidents"),
    ],
)
def test_in_the_readers_language(client: Any, lively: StatusPage, accept: str, language: str, words: str) -> None:
    answer = client.get("/status/shop-status", headers={"Accept-Language": accept})
    text = answer.content.decode()
    assert f'<html lang="{language}">' in text and words in text and answer["Content-Language"] == language
    month = {"de": "2. März 2026", "fr": "2 mars 2026", "es": "2 de marzo de 2026", "en": "2 March 2026"}[language]
    assert month in text
    assert f'lang="{language}"' in client.get(f"/status/shop-status?lang={language}").content.decode()


def test_every_sentence_is_there_in_every_language() -> None:
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, root / "scripts" / "compile-messages", "--check"], capture_output=True)
    assert done.returncode == 0, done.stdout.decode()
    folder = root / "src/watchroom/status"
    wanted = set(rules.WORDS.values())
    for path in [*folder.rglob("*.html"), *folder.rglob("*.txt")]:
        wanted |= set(re.findall(r"{% translate ['\"](.+?)['\"] %}", path.read_text()))
    for path in folder.rglob("*.py"):
        wanted |= set(re.findall(r"gettext\(\s*\"([^\"]+)\"", path.read_text()))
    assert len(wanted) > 40
    for language in ("de", "fr", "es"):
        text = (folder / f"locale/{language}/LC_MESSAGES/django.po").read_text()
        known = set(re.findall(r'^msgid(?:_plural)? "(.+)"$', text, re.MULTILINE))
        assert wanted - known == set()


def test_the_page_needs_nothing_but_itself_and_escapes(client: Any, lively: StatusPage) -> None:
    text = client.get("/status/shop-status").content.decode()
    assert "<script" not in text and "style=" not in text
    assert "Paying &lt;takes&gt; a minute" in text
    assert set(re.findall(r'(?:src|href)="(/[^"]*)"', text)) <= {
        "/status/shop-status/",
        *(f"/status/shop-status/{path}" for path in ("style.css", "feed.atom", "feed.rss", "maintenance.ics")),
        "/status/shop-status/api/v2/summary.json",
        *(f"/status/shop-status/?lang={each}" for each in rules.LANGUAGES),
        "/status/shop-status/subscribe?lang=en",
    }
    assert len(text.encode()) < 60_000
    style = client.get("/status/shop-status/style.css")
    assert style["Content-Type"].startswith("text/css") and b"--brand: light-dark(#1f5fbf, #8ab4f8)" in style.content


def test_the_badge(client: Any, lively: StatusPage) -> None:
    answer = client.get("/status/shop-status/badge.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    title = ElementTree.fromstring(answer.content).find("{http://www.w3.org/2000/svg}title")
    assert title is not None and title.text == "Shop status: Partial outage"


def test_logo_and_colours(by: Actor, client: Any, page: StatusPage) -> None:
    assert client.get("/status/shop-status/logo").status_code == 404
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 40
    commands.set_logo(by, page, picture)
    answer = client.get("/status/shop-status/logo")
    assert (answer.content, answer["Content-Type"]) == (picture, "image/png")
    assert b'alt="Shop status"' in client.get("/status/shop-status").content
    for wrong in (b"<svg onload=alert(1)>", picture + b"0" * 200_000):
        with pytest.raises(Refused):
            commands.set_logo(by, page, wrong)
    for data in ("not base64", "\u001f³GMP"):
        answer = client.put(
            "/api/v1/status-pages/shop-status/logo",
            {"data": data},
            content_type="application/json",
            headers={"Authorization": f"Bearer {make_token(by, name='test', scope='admin')[1]}"},
        )
        assert (answer.status_code, answer.json()["field"]) == (422, "data")
    given: dict[str, Any] = {"team": page.team, "name": page.name}
    for field, colour in (("colour", "#aabbcc"), ("colour_dark", "#333333"), ("colour", "red")):
        with pytest.raises(Refused) as refused:
            commands.save_status_page(by, page, **given, **{field: colour})
        assert refused.value.field == field
    commands.save_status_page(by, page, **given, colour="#7A1FA2")
    assert b"#7a1fa2" in client.get("/status/shop-status/style.css").content


def test_contrast_as_wcag_computes_it() -> None:
    assert rules.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert rules.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_as_files_that_need_no_server(lively: StatusPage) -> None:
    made = files(lively)
    assert {"index.html", "index.de.html", "style.css", "feed.atom", "badge.svg", "api/v2/summary.json"} <= set(made)
    assert "logo" not in made
    text = made["index.html"].body.decode()
    assert 'class="name" href="index.html"' in text  # from a disk, a folder would be listed
    assert 'href="style.css"' in text and 'href="index.de.html"' in text and "subscribe" not in text
    links = set(re.findall(r'(?:src|href)="([^"#]+)"', text)) - {
        ".",
        "data:,",
    }  # a browser is told that there is no icon
    assert links <= set(made)
    assert "Vergangene Störungen" in made["index.de.html"].body.decode()
