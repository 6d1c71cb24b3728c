"""Matchers: two grammars, one meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.intake.matchers import Matcher, matcher, matchers

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(name=texts.filter(bool), op=st.sampled_from(["=", "!="]), value=texts)
def test_what_is_written_is_read_again(name: str, op: str, value: str) -> None:
    stated = Matcher(name, op, value)
    assert matcher(str(stated)) == stated


@given(found=st.lists(st.builds(Matcher, texts.filter(bool), st.sampled_from(["=", "!="]), texts), max_size=4))
def test_a_list_is_read_again(found: list[Matcher]) -> None:
    assert matchers("{" + ", ".join(map(str, found)) + "}") == found


@given(texts)
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        matcher(text)
    except ValueError as error:
        assert (
            text.encode("unicode_escape")[:1].decode() in str(error) or "matcher" in str(error) or "RE2" in str(error)
        )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("foo=bar", Matcher("foo", "=", "bar")),
        (' foo =~ "a.*" ', Matcher("foo", "=~", "a.*")),
        ("foo=", Matcher("foo", "=", "")),  # classic
        (r'foo=~"a\.b"', Matcher("foo", "=~", r"a\.b")),  # classic: an escape that Go does not have
        (r"foo=~\d+", Matcher("foo", "=~", r"\d+")),
        ("foo=bar baz", Matcher("foo", "=", "bar baz")),
        (r'"ünder score"="x\u00e9"', Matcher("ünder score", "=", "xé")),  # UTF-8 alone can read it
        (r'foo="\u00e9"', Matcher("foo", "=", r"\u00e9")),  # both can: the classic reading counts
        ("k8s.io/app=web", Matcher("k8s.io/app", "=", "web")),
    ],
)
def test_both_grammars_are_read(text: str, read: Matcher) -> None:
    assert matcher(text) == read


@pytest.mark.parametrize(
    "text", ["", "foo", "=bar", 'foo="bar', 'foo=b"ar', '""="x"', "{foo=bar}", 'foo=~"("', 'a b="c"']
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        matcher(text)


def test_an_absent_label_is_an_empty_one() -> None:
    assert matcher("a=").accepts({}) and matcher('a!="x"').accepts({}) and matcher('a=~".*"').accepts({})
    assert not matcher('a=~".+"').accepts({}) and not matcher('a!=""').accepts({})


def test_a_regular_expression_is_anchored_and_linear() -> None:
    assert not matcher('a=~"b"').accepts({"a": "abc"})
    assert not matcher('a=~"(x+x+)+y"').accepts({"a": "x" * 5_000})


def test_what_is_wrong_with_a_regular_expression_is_said_in_words() -> None:
    with pytest.raises(ValueError, match=r"'\(a' is not a regular expression \(RE2\): missing \): \(a$"):
        matcher('alertname=~"(a"')
