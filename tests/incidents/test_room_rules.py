"""The room's pure decisions: what a typed line means, who is mentioned, what one must know, which files are taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.incidents.rules import catch_up, files, mentions, slash

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "command", "text"),
    [
        ("Cards fail", "", "Cards fail"),
        ("/symptom Cards fail", "symptom", "Cards fail"),
        ("/SEV 1 more than half", "severity", "1 more than half"),
        ("/task @ada look\nat the proxy", "task", "@ada look\nat the proxy"),
        ("/etc/hosts is full", "", "/etc/hosts is full"),
        ("//etc is full", "", "/etc is full"),
        ("/ack", "ack", ""),
    ],
)
def test_what_a_line_means(line: str, command: str, text: str) -> None:
    assert slash.read(line) == slash.Said(command, text)


def test_an_unknown_command_is_not_written_as_text() -> None:
    with pytest.raises(slash.Unknown):
        slash.read("/reslove it")
    assert "resolve" in slash.similar("reslove")
    assert slash.similar("sym") == ["symptom"]


@given(st.text())
def test_a_line_never_breaks_it_and_text_keeps_its_words(line: str) -> None:
    try:
        said = slash.read(line)
    except slash.Unknown:
        return
    assert said.text in line


def test_numbers_and_promises() -> None:
    assert slash.number_first("#12 it is so") == (12, "it is so")
    assert slash.number_first("12") == (12, "")
    assert slash.number_first("12th of May") == (None, "12th of May")
    assert slash.promise_last("We are on it. next 30m") == ("We are on it.", 30)
    assert slash.promise_last("Next in 2 h") == ("", 120)
    assert slash.promise_last("The next step is clear") == ("The next step is clear", None)


PEOPLE = [
    mentions.Known(1, "ada@example.org", "Ada"),
    mentions.Known(2, "Bob.Y@example.org", "Bob"),
    mentions.Known(3, "ada@other.example", "Another Ada"),
]


def test_mentions_reach_whom_they_mean() -> None:
    known = mentions.by_handle(PEOPLE)
    assert mentions.mentioned("ask @bob.y. Or mail bob.y@example.org, @nobody", known) == [2]
    assert mentions.mentioned("@ada@other.example and @ada@example.org", known) == [3, 1]
    assert "ada" not in known, "two are called so: neither is meant by it"
    assert mentions.handles(PEOPLE) == {1: "ada@example.org", 2: "bob.y", 3: "ada@other.example"}


def test_a_first_name_means_somebody_where_it_can_mean_only_one() -> None:
    people = [
        mentions.Known(1, "jose.nunez@example.org", "José Núñez"), mentions.Known(2, "emil.petrov@example.org", "Emil Petrov"),
        mentions.Known(3, "mei.h@example.org", "Mei Haddad"), mentions.Known(4, "mei.t@example.org", "Mei Tanaka"),
        mentions.Known(5, "ops@example.org", "Pia"), mentions.Known(6, "pia@example.org", "Somebody Else"),
    ]  # fmt: skip
    known = mentions.by_handle(people)
    assert mentions.mentioned("@jose or @José, @emil", known) == [1, 2]
    assert mentions.mentioned("@mei @mei.t", known) == [4]  # two are called so
    assert mentions.mentioned("@pia", known) == [6]  # what stands before the @ goes before a name
    # Whoever turns it round gets the handle, which completes and is written out.
    assert {number: handle for handle, number in known.items()} == mentions.handles(people)


@given(st.text(alphabet="@abc. \n-+x"))
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(piece for piece, _ in mentions.parts(text)) == text


def scene(**fields: Any) -> catch_up.Scene:
    given: dict[str, Any] = {
        "status": "active",
        "severity": 2,
        "started_at": NOW - timedelta(minutes=42),
        "impact": "Nobody can pay",
        "summary": "",
        "roles": [("commander", "Ada", True)],
        "tried": [catch_up.Tried("Roll back", "It worked")],
        "ideas": [
            catch_up.Idea(1, "The release", "testing", "Bob"),
            catch_up.Idea(2, "The proxy", "ruled_out"),
            catch_up.Idea(3, "The database", "confirmed"),
        ],
        "questions": [],
        "tasks": [],
        "steps": ["Take command", "Tell people"],
        "lines": [],
        "new": 0,
    }
    return catch_up.Scene(**{**given, **fields})


def line(number: int, minutes_ago: int, kind: str = "note", type: str = "", **fields: Any) -> catch_up.Line:
    return catch_up.Line(number, NOW - timedelta(minutes=minutes_ago), kind, type, f"Line {number}", **fields)


def test_the_catch_up_says_what_one_must_know() -> None:
    found = catch_up.catch_up(scene(next_update_at=NOW), NOW)
    assert found.state == "SEV2, active: people are hurt by it; for 42 min"
    assert (found.next, found.next_by) == ("Take command", "Ada")
    assert [each.id for each in found.open_ideas] == [1]
    assert [each.id for each in found.confirmed] == [3]
    assert found.ruled_out == 1
    assert found.update_overdue


def test_since_one_looked_the_weightiest_in_their_order() -> None:
    lines = [line(9, 30, "decision")] + [line(n, 20 - n, "action") for n in range(1, 8)]
    lines += [line(20, 12, "system", "incident.mitigated"), line(21, 2), line(22, 1, pinned=True)]
    found = catch_up.catch_up(scene(lines=lines, new=11), NOW, NOW - timedelta(minutes=25))
    told = [each.id for each in found.news]
    assert 9 not in told, "that was there when they looked"
    assert 20 in told
    assert 21 not in told, "a plain note is only counted"
    assert len(told) == catch_up.SHOWN
    assert [each.at for each in found.news] == sorted(each.at for each in found.news)
    assert found.more == 11 - catch_up.SHOWN


def test_a_line_whose_time_was_corrected_is_new_all_the_same() -> None:
    late = line(1, 90, "symptom", written_at=NOW - timedelta(minutes=1))
    assert catch_up.catch_up(scene(lines=[late], new=1), NOW, NOW - timedelta(minutes=5)).news == (late,)


def test_loading_the_page_again_does_not_make_the_news_old() -> None:
    left, came = NOW - timedelta(hours=1), NOW
    since = catch_up.looking(came, left, None)
    assert since == left
    assert catch_up.looking(came + timedelta(minutes=1), came, since) == left
    assert catch_up.looking(came + timedelta(hours=2), came, since) == came
    assert catch_up.looking(NOW, None, None) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from([*catch_up.WEIGHTS, "note", "nudge.given"]), st.booleans()),
        max_size=40,
    ),
    st.one_of(st.none(), st.integers(0, 200)),
)
def test_news_are_few_new_and_none_lighter_than_what_is_left_out(lines: list[Any], away: int | None) -> None:
    rows = [line(n, ago, "system", type, pinned=pinned) for n, (ago, type, pinned) in enumerate(lines, 1)]
    since = None if away is None else NOW - timedelta(minutes=away)
    found = catch_up.catch_up(scene(lines=rows, new=len(rows)), NOW, since)
    assert len(found.news) <= catch_up.SHOWN
    assert all(since is None or each.appeared > since for each in found.news)
    left_out = [row for row in rows if row not in found.news and (since is None or row.appeared > since)]
    if found.news and len(found.news) == catch_up.SHOWN:
        assert min(map(catch_up.weight, found.news)) >= max(map(catch_up.weight, left_out), default=0)


@pytest.mark.parametrize(
    ("content", "type"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"<svg onload='alert(1)'></svg>", "text/plain"),
        (b"<!doctype html><script>", "text/plain"),
        ("Fehler 500 für alle".encode(), "text/plain"),
        (b"MZ\x90\x00\xff", None),
        (b"\x7fELF\x02\x00\xff\xfe", None),
        (b"text with \x00 in it", None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(content: bytes, type: str | None) -> None:
    assert files.type_of(content) == type


def test_names_are_safe() -> None:
    assert files.name_for('../../etc/"passwd"\r\n', "text/plain") == "passwd"
    assert files.name_for("", "image/png") == "pasted.png"
    assert len(files.name_for("x" * 500, "text/plain")) == 120


@pytest.mark.parametrize(
    ("tried", "standing"),
    [
        (catch_up.Tried("Roll back", "It worked"), "it worked"),
        (catch_up.Tried("Roll back"), "running"),
        (catch_up.Tried("Roll back", "", "Waits for a second person"), "waits for a second person"),
        (catch_up.Tried("Roll back", "", "Being carried out"), "being carried out"),
        (
            catch_up.Tried("Roll back", "", "Carried out", done=True),
            "carried out; nobody has said yet whether it helped",
        ),
        (catch_up.Tried("Roll back", "It worked", "Carried out", done=True), "it worked"),
    ],
)
def test_what_was_tried_says_what_is_still_missing(tried: catch_up.Tried, standing: str) -> None:
    assert tried.standing == standing
