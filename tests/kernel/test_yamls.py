"""YAML as people write it: references are understood, and none of them takes the memory or goes on for ever."""

from __future__ import annotations

import pytest

from watchroom.kernel import yamls


def test_references_stand_for_what_they_name() -> None:
    text = "base: &base {do: log, text: x}\nactions: [*base, {<<: *base, text: y}]\nsince: 2026-03-02"
    assert yamls.read(text) == {
        "base": {"do": "log", "text": "x"},
        "actions": [{"do": "log", "text": "x"}, {"do": "log", "text": "y"}],
        "since": "2026-03-02",
    }


def test_a_text_that_takes_minutes_to_read_is_not_read() -> None:
    with pytest.raises(yamls.NotYaml, match="more than 200,000 characters"):
        yamls.read("- {weekdays: [monday]}\n" * 100_000)


def test_references_that_stand_for_too_much_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(yamls.NotYaml, match="stand for too much"):
        yamls.read("\n".join(lines))
    merged = ["a0: &a0 {x: 1}"]
    merged += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]
    with pytest.raises(yamls.NotYaml, match="stand for too much"):
        yamls.read("\n".join(merged))


@pytest.mark.parametrize("text", ["&a [*a]", "a: &a {b: *a}", "&a [1, {<<: *a}]"])
def test_what_refers_to_itself_is_refused(text: str) -> None:
    with pytest.raises(yamls.NotYaml, match="within what it refers to"):
        yamls.read(text)


def test_a_reference_to_nothing_is_told_with_its_line() -> None:
    with pytest.raises(yamls.NotYaml, match="in line 2: found undefined alias"):
        yamls.read("a: 1\nb: *nothing")
