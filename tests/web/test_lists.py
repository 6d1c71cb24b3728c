"""What narrows a list."""

from __future__ import annotations

from dataclasses import dataclass

from django.template import Context, Template
from django.test import RequestFactory


@dataclass
class Thing:
    pk: int
    slug: str
    name: str

    def __str__(self) -> str:
        return self.name


def drawn(text: str, address: str, **values: object) -> str:
    return Template("{% load ui %}" + text).render(Context({"request": RequestFactory().get(address), **values}))


def test_a_select_shows_what_the_address_says_and_escapes_what_things_are_called() -> None:
    things = [Thing(7, "shop", "Shop"), Thing(8, "a-b", "A <b>")]
    by_slug = drawn('{% choose "team" "Team" "All teams" things %}', "/?team=shop", things=things)
    assert '<select aria-label="Team" class="input" name="team" data-autosubmit>' in by_slug
    assert '<option value="">All teams</option><option value="shop" selected>Shop</option>' in by_slug
    assert '<option value="a-b">A &lt;b&gt;</option>' in by_slug
    by_number = drawn('{% choose "team" "Team" "All teams" things "pk" %}', "/?team=8", things=things)
    assert '<option value="7">Shop</option><option value="8" selected>' in by_number


def test_a_select_takes_pairs_and_is_kept_by_no_hidden_field() -> None:
    text = '{% filter_bar search="Search" %}{% choose "state" "State" "Any" pairs %}{% end_filter_bar %}'
    found = drawn(text, "/?state=open&team=shop&after=9", pairs=[("open", "Open"), ("over", "Over")])
    assert '<option value="open" selected>Open</option>' in found
    assert 'name="state" value' not in found and '<input type="hidden" name="team" value="shop">' in found
    assert 'name="after"' not in found
