"""Words that blame: seen by whoever writes them before anybody else, in the log, in updates, everywhere by one function."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from watchroom.cli.main import cli
from watchroom.cli.terminal_room import TerminalRoom
from watchroom.incidents import commands, wording
from watchroom.incidents.models import Incident, LogEntry, Update, UpdateDraft
from watchroom.incidents.rules.blameless import findings, findings_in, may_name
from watchroom.kernel.clock import TravellingClock

BLAMES = "Bob should have tested it"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("It was a human error", "human error"),
        ("Who the hell deployed that?", "Who the hell deployed that"),
        ("@bob broke the queue", "@bob broke"),
        ("Bob always forgets the migration", "always forgets"),
        ("They keep forgetting it", "keep forgetting"),
        ("he never tests", "he never tests"),
        ("That is Bob's fault", "Bob's fault"),
        ("looks like she really messed up", "she really messed"),
        ("@bob.k's fault, as ever", "@bob.k's fault"),
        ("somebody missed the alert", "somebody missed"),
        ("what an idiot", "idiot"),
    ],
)
def test_what_is_written_in_the_heat_is_found(text: str, phrase: str) -> None:
    [found] = findings(text)
    assert found.phrase == phrase
    assert found.why and found.better and not findings(found.instead)


@pytest.mark.parametrize(
    "text",
    [
        "The deploy of 14:02 broke it", "Who can look at the database?", "who did we page?", "@bob can you roll back?", "It's fault tolerant", "Our cluster's fault tolerance helped",
        "They never got the alert",
        "We restart the queue, the lag is 3 min", "The mistake rate is 2 %", "default is to fail over", "You are on call",
    ],
)  # fmt: skip
def test_plain_lines_are_left_alone(text: str) -> None:
    assert findings(text) == []


PEOPLE = ["Anna Bell", "Ben O'Hara", "Will Fox", "José Núñez", "Deploy Bot", "Anne-Marie Duval", "Boris Lem", "Ruby"]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Anna broke the deploy", "Anna broke"),
        ("anna broke the deploy", "anna broke"),
        ("Anna Bell just broke checkout", "Anna Bell just broke"),
        ("@anna broke it", "@anna broke"),
        ("Ben O’Hara messed up the limits", "Ben O’Hara messed"),
        ("Will took down prod", "Will took down prod"),
        ("Anna took the site down", "Anna took the site down"),
        ("José didn't test the migration", "José didn't test"),
        ("Anne-Marie introduced a bug", "Anne-Marie introduced a bug"),
        ("It is because of Anna", "because of Anna"),
        ("Anna's deploy broke checkout", "Anna's deploy broke"),
        ("Boris' change caused the outage", "Boris' change caused"),
        ("The deploy by Anna broke the queue", "deploy by Anna broke"),
        ("the outage was caused by Ben", "caused by Ben"),
        ("Anna is responsible for this outage", "Anna is responsible for this outage"),
        ("Why did Anna deploy on a Friday?", "Why did Anna deploy"),
        ("Anna missed the alert", "Anna missed"),
        ("Anna was supposed to test it", "Anna was supposed to test"),
        ("Deploy Bot broke it", "Deploy Bot broke"),
        ("Ben ran it on the wrong cluster", "Ben ran it on the wrong"),
        ("Ben (on call) broke it", "Ben (on call) broke"),
        ("after Anna broke the deploy, errors rose", "Anna broke"),
        ("It should've been tested", "should've"),
    ],
)
def test_who_is_blamed_by_name_is_found(text: str, phrase: str) -> None:
    [found] = findings(text, PEOPLE)
    assert found.phrase == phrase
    assert may_name(text) or findings(text)


@pytest.mark.parametrize(
    "text",
    [
        "Anna rolled back the deploy", "Anna killed the long query", "Anna took down the canary", "Anna found what broke the deploy",
        "Anna says the deploy broke checkout", "Anna’s rollback worked", "Anna's fix broke nothing", "Anna did not test it yet",
        "Anna didn't see any errors", "Anna broke the work into two tasks", "Anna broke the glass to get in", "will broke",
        "The ruby broke it", "Deploy broke it", "The query from Anna broke the database", "Asked Anna. Broke at 14:02",
        "Anna was supposed to be paged", "Is Anna responsible for comms?", "Why did Anna get no page?", "Anna, checkout broke",
        "Thanks to Anna for the quick look", "because of Anna's tip we looked at the proxy", "Anna restarted the pod that broke",
        "Hannah broke it", "Anna caught a mistake", "Anna failed to reach the vendor", "the pods: they crashed twice",
        "She killed the stuck session", "Anna merged the fix", "Anna's laptop crashed",
    ],
)  # fmt: skip
def test_who_only_did_something_is_not_blamed(text: str) -> None:
    assert findings(text, PEOPLE) == []


_DEEDS = [
    "broke",
    "took down prod",
    "rolled back",
    "messed up",
    "is",
    "'s deploy broke",
    "missed",
    "was",
    "caused",
    "ran",
]


@given(
    st.lists(
        st.sampled_from([*PEOPLE, *_DEEDS, "Anna", "@ben", "the", "by", ".", "it", "\ue000"]) | st.text(max_size=8),
        max_size=8,
    )
)
def test_names_are_only_asked_for_where_they_would_matter(words: list[str]) -> None:
    text = " ".join(words)
    with_names = findings(text, PEOPLE)
    assert all(each.phrase in text for each in with_names)
    if with_names != findings(text):
        assert may_name(text)


def test_a_long_text_is_read_in_time_that_grows_with_it() -> None:
    """Nothing in the patterns goes back over what it has read: else these would take minutes."""
    for piece in ("a.a'a-", "did ", "Anna Bell ", "broke it in ", "has had ", "a a-a ", "(a", "-", "a-", "a.b."):
        findings(piece * (100_000 // len(piece)), PEOPLE)
        may_name(piece * (100_000 // len(piece)))


@given(st.lists(st.text(max_size=40) | st.sampled_from([BLAMES, "human error", "HUMAN ERROR"]), max_size=5))
def test_each_phrase_is_said_once_over_all_texts(texts: list[str]) -> None:
    phrases = [each.phrase.lower() for each in findings_in(texts)]
    assert len(phrases) == len(set(phrases))
    assert bool(phrases) == any(findings(text) for text in texts)


@pytest.fixture
def room(world: Any) -> tuple[Client, Incident]:
    incident = commands.declare(world.by, title="Down", severity=2, team=world.team, services=[world.service])
    browser = Client()
    browser.force_login(world.responder, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser, incident


def written(incident: Incident) -> list[str]:
    return list(incident.log.exclude(kind="system").order_by("id").values_list("text", flat=True))


def test_a_line_waits_until_its_writer_has_looked(room: tuple[Client, Incident]) -> None:
    browser, incident = room
    url, line = f"/incidents/{incident.pk}/log", {"kind": "note", "text": BLAMES, "client_key": "k1"}
    answer = browser.post(url, line, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["wording"][0]["phrase"] == "should have"
    assert written(incident) == []  # and nothing moved: nobody else can have seen it
    page = browser.post(url, line)  # without scripts
    assert page.status_code == 422
    assert "Nobody else has seen it yet" in page.content.decode() and 'value="k1"' in page.content.decode()
    assert browser.post(url, line | {"text": "/decision " + BLAMES}).status_code == 422
    assert browser.post(url, line | {"as_is": "yes"}, headers={"Accept": "application/json"}).status_code == 200
    assert browser.post(url, line | {"text": "It was not tested", "client_key": "k2"}).status_code == 302
    assert written(incident) == [BLAMES, "It was not tested"]
    entry = LogEntry.objects.get(text="It was not tested")
    edit = {"text": "Bob forgot the test", "at": ""}
    assert browser.post(f"/log/{entry.pk}", edit).status_code == 422
    assert browser.post(f"/log/{entry.pk}", edit | {"as_is": "yes"}).status_code == 302


def test_somebody_who_is_here_is_known_by_name(
    room: tuple[Client, Incident], world: Any, django_assert_num_queries: Any
) -> None:
    browser, incident = room
    first = world.stranger.name.split()[0]
    url, headers = f"/incidents/{incident.pk}/log", {"Accept": "application/json"}
    line = {"kind": "note", "text": f"{first} broke the deploy", "client_key": "k1"}
    assert browser.post(url, line, headers=headers).json()["wording"][0]["phrase"] == f"{first} broke"
    assert browser.post(url, line | {"text": "Rumpelstilzchen broke the deploy"}, headers=headers).status_code == 200
    line |= {"text": f"{first} rolled back the deploy", "client_key": "k2"}
    assert browser.post(url, line, headers=headers).status_code == 200
    with django_assert_num_queries(0):
        assert wording.findings("We roll back the deploy") == []


def test_an_update_waits_until_its_writer_has_looked(room: tuple[Client, Incident]) -> None:
    browser, incident = room
    url = f"/incidents/{incident.pk}/updates"
    said = {"stage": "investigating", "happening": "Checkout fails", "impact": "", "doing": "", "next_update": "30"}
    said |= {"customers-happening": "A careless change broke checkout"}
    held = browser.post(url, said)
    assert held.status_code == 422
    assert "careless" in held.content.decode() and "Publish it as it stands" in held.content.decode()
    assert not Update.objects.exists()
    assert browser.post(url, said | {"do": "save", "version": "0"}).status_code == 302  # a draft may be anything
    assert UpdateDraft.objects.get().wordings["customers"]["happening"].startswith("A careless")
    assert "“careless”" in browser.get(url).content.decode()
    assert browser.post(url, said | {"as_is": "yes"}).status_code == 302
    assert Update.objects.count() == 1


def test_the_api_says_it_with_the_answer_and_before(room: tuple[Client, Incident]) -> None:
    browser, incident = room

    def post(path: str, body: Any) -> Any:
        answer = browser.post(f"/api/v1{path}", body, "application/json")
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    assert post("/wording", {"text": "All is well"}) == []
    assert post("/wording", {"text": BLAMES})[0]["instead"] == "The backup was not tested before the switch."
    assert written(incident) == []
    base = f"/incidents/{incident.pk}"
    assert post(f"{base}/log", {"kind": "note", "text": BLAMES})["wording"][0]["phrase"] == "should have"
    assert post(f"{base}/log", {"kind": "note", "text": "fine"})["wording"] == []
    assert post(f"{base}/say", {"text": "Who broke this?"})["wording"][0]["phrase"] == "Who broke this"
    update = {"happening": "Checkout fails", "wordings": {"executives": {"happening": "An operator error"}}}
    assert post(f"{base}/updates", update)["wording"][0]["phrase"] == "operator error"
    assert Client().post("/api/v1/wording", {"text": "x"}, "application/json").status_code == 401


def test_the_command_line_says_it_first(
    room: tuple[Client, Incident], world: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    _, incident = room
    monkeypatch.setenv("WATCHROOM_AS", world.responder.email)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["log", str(incident.pk), BLAMES])
    assert done.exit_code == 0 and "should have" in done.stderr  # in a script it is only said
    quiet = CliRunner().invoke(cli, ["log", str(incident.pk), BLAMES, "--as-is", "--json"])
    assert json.loads(quiet.stdout)["text"] == BLAMES and "should have" not in quiet.stderr
    monkeypatch.setattr("watchroom.cli.wording._asks", lambda: True)
    stopped = CliRunner().invoke(cli, ["log", str(incident.pk), "Bob is to blame"], input="n\n")
    assert stopped.exit_code == 1
    update = CliRunner().invoke(
        cli, ["incident", "update", str(incident.pk), "--happening", "A human error"], input="y\n"
    )
    assert update.exit_code == 0, update.output
    assert written(incident) == [BLAMES, BLAMES]
    assert Update.objects.get().happening == "A human error"


def test_in_the_terminal_room_the_same_line_again_sends_it(clock: TravellingClock) -> None:
    sent: list[str] = []

    class Server:
        def post(self, path: str, *, text: str, client_key: str = "") -> Any:
            if path == "/wording":
                return [
                    {"phrase": each.phrase, "why": each.why, "better": each.better, "instead": each.instead}
                    for each in findings(text)
                ]
            sent.append(text)
            return {"text": "Wrote it.", "entry": {"id": 1}}

    shown: list[str] = []
    room = TerminalRoom(Server(), 1, lambda text: shown.append(str(text)))  # type: ignore[arg-type]
    room.type(BLAMES)
    assert sent == [] and "Nobody has seen it yet" in shown[-1]
    room.type("It was not tested")
    room.type(BLAMES)
    room.type(BLAMES)
    assert sent == ["It was not tested", BLAMES]


def test_another_teams_person_is_not_asked(world: Any) -> None:
    incident = commands.declare(world.by, title="Down", severity=2, team=world.team, private=True)
    browser = Client()
    browser.force_login(world.stranger, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.post(f"/incidents/{incident.pk}/log", {"kind": "note", "text": BLAMES}).status_code == 404
