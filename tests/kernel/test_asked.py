"""What plugins ask for: cleaned, kept secret, and never sent to a new address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.kernel.asked import Field, missing, shown, with_kept_secrets
from watchroom.kernel.asked_check import check
from watchroom.kernel.errors import Refused

FIELDS = (
    Field("url", "Address", kind="url", required=True),
    Field("backup", "Second address", kind="url", default="https://backup.example.org"),
    Field("username", "User name"),
    Field("password", "Password", kind="password", secret=True),
    Field("token", "Token", kind="password", secret=True, instead_of=("password",)),
    Field("mode", "Mode", kind="choice", choices=("slow", "fast"), default="slow"),
)
BEFORE = {"url": "https://a.example.org", "backup": "https://backup.example.org", "password": "old", "mode": "slow"}


def test_what_is_given_is_cleaned_and_defaults_are_filled_in() -> None:
    assert check({"url": " https://a.example.org/ ", "token": "x"}, FIELDS) == {
        "url": "https://a.example.org", "backup": "https://backup.example.org", "token": "x", "mode": "slow",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "url"),
        ({"url": "no address"}, "url"),
        ({"url": "https://a.example.org", "nothing": "x"}, "nothing"),
        ({"url": "https://a.example.org", "mode": "quick"}, "mode"),
        ({"url": "https://a.example.org", "username": "a\nb"}, "username"),
        ({"url": "https://a.example.org", "token": "x", "password": "y"}, "token"),
        ({"url": "https://a.example.org", "token": "x" * 3000}, "token"),
    ],
)
def test_what_is_not_accepted_is_named_without_giving_secrets_away(given: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as raised:
        check(given, FIELDS)
    assert raised.value.field == field
    assert "xxx" not in str(raised.value.value)


def test_a_secret_stays_while_the_address_stays() -> None:
    assert with_kept_secrets(FIELDS, {"url": "https://a.example.org/"}, BEFORE)["password"] == "old"
    assert with_kept_secrets(FIELDS, {"url": "https://a.example.org", "password": "new"}, BEFORE)["password"] == "new"
    assert "password" not in with_kept_secrets(FIELDS, {"url": "https://a.example.org", "token": "x"}, BEFORE)


@given(st.sampled_from(["url", "backup"]), st.sampled_from(["https://b.example.org", "https://a.example.org.evil", ""]))
def test_a_new_address_never_gets_an_old_secret(name: str, address: str) -> None:
    given = {"url": BEFORE["url"], "backup": BEFORE["backup"], name: address}
    kept = with_kept_secrets(FIELDS, given, BEFORE)
    assert ("password" in kept) == (name == "backup" and address == "")  # empty: its default, which it was before


def test_what_is_missing_and_what_may_be_shown() -> None:
    assert missing(FIELDS, {"token": "x"}) == ["Address"]
    assert shown(FIELDS, BEFORE) == {name: value for name, value in BEFORE.items() if name != "password"}
