"""In a real browser: the box that finds what is chosen, with the keyboard and on a slow or broken network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

import factories
from browsing import signed_in
from peers.chromium import PHONE, axe
from watchroom.paging.models import EscalationPolicy

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]

# An answer is waited for until the test says that it took too long, however fast this machine is.
_PATIENCE = """const asked = [];
AbortSignal.timeout = () => { asked.push(new AbortController()); return asked.at(-1).signal; };
window.tooLong = () => asked.splice(0).forEach((each) => each.abort(new DOMException("It took too long.", "TimeoutError")));"""


def test_a_policy_is_put_together_with_the_keyboard(client: Any, live_server: Any, chromium: Chromium) -> None:
    anna = factories.person("Anna", role="administrator")
    team = factories.team("Shop")
    factories.person("Ben Okafor")
    page = signed_in(client, chromium, live_server, anna, viewport=PHONE)
    page.goto("/policies/new")
    page.fill("#name", "Shop, urgent")
    box = page.get_by_role("combobox", name="Page", exact=True).first
    box.click()
    page.keyboard.type("ben ok")
    expect(page.locator(".pick [role=option]:visible")).to_have_text(["Ben Okafor"])  # the server is asked
    assert axe(page) == []
    page.keyboard.press("Enter")
    page.keyboard.type("everybody shop")
    page.keyboard.press("Enter")  # before there is an answer: the first that fits is taken when it comes
    page.keyboard.type("anna")  # and who types on loses nothing
    page.keyboard.press("Enter")
    page.keyboard.type("nobody by this name")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing fits.").first.wait_for()
    expect(page.locator(".picked li")).to_have_text(["Ben Okafor×", "Everybody in Shop×", "Anna×"])
    assert box.input_value() == "nobody by this name"  # given back, to be mended
    box.fill("")
    page.keyboard.press("Backspace")  # in the empty box: the last of the chosen
    expect(page.locator(".picked li")).to_have_text(["Ben Okafor×", "Everybody in Shop×"])
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/policies/shop-urgent")
    step = EscalationPolicy.objects.get(slug="shop-urgent").steps.get()
    assert {(each.person and each.person.name, each.team) for each in step.targets.all()} == {
        ("Ben Okafor", None),
        (None, team),
    }


def test_what_was_entered_first_stands_first_whatever_is_found_first(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    """A slow answer put the later words before the earlier ones: the wrong one was removed, and a round began with another."""
    anna = factories.person("Anna", role="administrator")
    factories.team("Shop")
    for name in ("Ben Okafor", "Zoe"):
        factories.person(name)
    page = signed_in(client, chromium, live_server, anna, viewport=PHONE)
    held: dict[str, Any] = {}

    def answer(route: Any) -> None:
        words = parse_qs(urlsplit(route.request.url).query).get("q", [""])[0]
        held[words] = route
        if words == "ben":
            route.continue_()

    page.add_init_script(_PATIENCE)
    page.route("**/choices/**", answer)
    page.goto("/policies/new")
    page.fill("#name", "Shop, urgent")
    box = page.get_by_role("combobox", name="Page", exact=True).first
    box.click()
    for words in ("zoe", "nobody", "everybody shop", "anna"):
        page.keyboard.type(words)
        page.keyboard.press("Enter")
    picked = page.locator(".picked li")
    expect(picked).to_have_text(["“zoe” …×", "“nobody” …×", "“everybody shop” …×", "“anna” …×"])
    assert axe(page) == []
    page.keyboard.type("ben")  # is found by itself, while those before are still being looked for
    expect(page.locator(".pick [role=option]:visible")).to_have_text(["Ben Okafor"])
    page.keyboard.press("Enter")
    expect(picked).to_have_text(["“zoe” …×", "“nobody” …×", "“everybody shop” …×", "“anna” …×", "Ben Okafor×"])
    save = page.get_by_role("button", name="Save")
    save.click()
    expect(box).to_be_focused()  # nothing is sent without what is still being looked for
    page.keyboard.type("more")
    for words in ("anna", "everybody shop", "nobody", "zoe"):
        with page.expect_response(held[words].request.url):
            held[words].continue_()
    chosen = ["Zoe×", "“nobody”: nothing found×", "Everybody in Shop×", "Anna×", "Ben Okafor×"]
    expect(picked).to_have_text(chosen)
    box.fill("")
    save.click()
    expect(box).to_be_focused()
    assert "“nobody” is not chosen" in box.evaluate("box => box.validationMessage")
    page.get_by_role("button", name="Remove “nobody”").click()
    page.keyboard.press("Backspace")  # in the empty box: the last of the chosen
    expect(picked).to_have_text(["Zoe×", "Everybody in Shop×", "Anna×"])
    save.click()
    page.wait_for_url("**/policies/shop-urgent")
    page.goto("/policies/shop-urgent/edit")
    expect(page.locator(".picked li")).to_have_text(["Zoe×", "Everybody in Shop×", "Anna×"])


def test_what_is_looked_for_on_a_bad_network_blocks_a_form_for_seconds_and_is_not_lost_unseen(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    """The form waited for an answer that never came; what was given back to a box that had been left was ignored."""
    anna = factories.person("Anna", role="administrator")
    factories.team("Shop")
    factories.person("Ben Okafor")
    page = signed_in(client, chromium, live_server, anna, viewport=PHONE)
    page.add_init_script(_PATIENCE)
    page.goto("/policies/new")
    page.fill("#name", "Shop, urgent")
    never = re.compile(r"/choices/")
    page.route(never, lambda route: None)  # it is asked, and nobody answers
    box = page.get_by_role("combobox", name="Page", exact=True).first
    box.click()
    page.keyboard.type("ben")
    page.keyboard.press("Enter")
    page.focus("#name")
    page.evaluate("tooLong()")
    expect(box).to_have_value("ben")
    save = page.get_by_role("button", name="Save")
    save.click()
    expect(box).to_be_focused()
    assert "“ben” is not chosen" in box.evaluate("box => box.validationMessage")
    box.press("End")
    with page.expect_request(re.compile(r"q=ben%20ok$")):
        page.keyboard.type(" ok")
    page.evaluate("tooLong()")
    expect(page.locator(".pick [role=option]:visible")).to_have_text([re.compile("could not be loaded")])
    assert axe(page) == []
    page.unroute(never)
    page.keyboard.type("a")
    expect(page.locator(".pick [role=option]:visible")).to_have_text(["Ben Okafor"])
    page.keyboard.press("Enter")
    save.click()
    page.wait_for_url("**/policies/shop-urgent")
    chromium.take_problems()  # what was given up is an error to the console


def test_who_writes_in_another_script_chooses_nothing_with_its_keys(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    """Enter ends a word that is being composed; it took whoever was found first, and led away from the page."""
    anna = factories.person("Anna", role="administrator")
    factories.team("Shop")
    factories.person("Ben Okafor")
    page = signed_in(client, chromium, live_server, anna)
    page.goto("/policies/new")
    composed = "each => each.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    box = page.get_by_role("combobox", name="Page", exact=True).first
    box.click()
    page.keyboard.type("ben ok")
    expect(page.locator(".pick [role=option]:visible")).to_have_text(["Ben Okafor"])
    assert box.evaluate(composed)  # nobody takes it
    expect(page.locator(".picked li")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    search = page.locator("#palette input")
    search.fill("Runbooks")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Runbooks")
    assert search.evaluate(composed)
    assert page.url.endswith("/policies/new")
