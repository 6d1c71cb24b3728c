"""The room in a real browser: written without a connection, sent later; completion, the board by keys, pasted pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import factories
from browsing import at_rest, signed_in
from peers.chromium import PHONE, axe
from watchroom.accounts.actors import acting
from watchroom.incidents import commands
from watchroom.incidents.models import LogEntry, Task
from watchroom.incidents.rules import slash
from watchroom.mitigations.commands import save_mitigation

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]

_PASTE = """() => {
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const files = new DataTransfer(), area = document.getElementById('compose-text');
  files.items.add(new File([Uint8Array.from(atob(dot), (each) => each.charCodeAt(0))], 'shot.png', {type: 'image/png'}));
  area.dispatchEvent(new ClipboardEvent('paste', {clipboardData: files, bubbles: true}));
}"""

_COVERED = """() => [...document.querySelectorAll('#log .log-entry:has(details.acts)')].flatMap((entry) => {
  const menu = entry.querySelector('details.acts > summary').getBoundingClientRect(), words = document.createRange();
  return [...entry.querySelectorAll('.body > p')].flatMap((p) => {
    words.selectNodeContents(p);
    return [...words.getClientRects()].filter((line) => line.right > menu.left && line.bottom > menu.top && line.top < menu.bottom)
      .map(() => p.textContent);
  });
})"""


def test_the_room_works_without_a_connection_for_a_while(client: Any, live_server: Any, chromium: Chromium) -> None:
    team = factories.team("Payments")
    anna = factories.person("Anna", email="anna@example.org")
    factories.membership(team, anna)
    incident = commands.declare(acting(anna), title="Checkout is slow", team=team)
    idea = commands.log(acting(anna), incident, "hypothesis", "The release")
    page = signed_in(client, chromium, live_server, anna)
    page.goto(f"/incidents/{incident.pk}")

    page.context.set_offline(True)
    page.evaluate("""() => Object.defineProperty(IDBTransaction.prototype, "oncomplete", {  // a device that is slow to keep things
      set(told) { this.addEventListener("complete", () => setTimeout(told, 300)); },
    })""")
    page.fill("#compose-text", "First")
    page.keyboard.press("Enter")
    page.fill("#compose-text", "Second")  # while the first is still being kept
    page.wait_for_selector("#pending-lines >> text=First")
    assert page.input_value("#compose-text") == "Second"
    page.keyboard.press("Enter")
    page.fill("#compose-text", "/task Look at the proxy")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pending-lines >> text=Look at the proxy")
    page.wait_for_selector("[data-waiting] >> text=3 lines are waiting to be sent")
    assert not LogEntry.objects.filter(text="First").exists()
    page.context.set_offline(False)
    page.wait_for_selector("#log >> text=Second")
    page.wait_for_selector("#pending-lines li", state="detached")
    page.evaluate("htmx.trigger('#side', 'live')")  # the gate's events
    page.wait_for_selector("#tasks >> text=Look at the proxy")
    written = list(LogEntry.objects.filter(text__in=("First", "Second")).order_by("id").values_list("text", flat=True))
    assert written == ["First", "Second"]
    assert Task.objects.count() == 1

    # What one adds is seen at once, and one goes on writing where one is.
    page.fill("#tasks input[name=text]", "Ask the provider")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tasks >> text=Ask the provider")
    expect(page.locator("#tasks input[name=text]")).to_be_focused()
    page.keyboard.type("Then wait")
    expect(page.locator("#tasks input[name=text]")).to_have_value("Then wait")
    page.fill("#tasks input[name=text]", "")
    # What is pressed and then gone leaves one where it stood.
    page.locator("#tasks .task", has_text="Ask the provider").get_by_role("button", name="I do it").focus()
    page.keyboard.press("Enter")
    expect(
        page.locator("#tasks .task", has_text="Ask the provider").get_by_role("button", name="I do it")
    ).to_have_count(0)
    expect(page.locator("#tasks .task", has_text="Ask the provider")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.keyboard.type("/sym")
    page.wait_for_selector("#completions >> text=What fails")
    page.keyboard.press("Tab")
    page.keyboard.type("Nobody can pay, @ann")
    page.wait_for_selector("#completions >> text=@anna")
    page.keyboard.press("Enter")
    page.evaluate(_PASTE)
    page.keyboard.press("Enter")
    page.wait_for_selector("#log .mention >> text=@anna")
    page.wait_for_selector("#log img[alt='shot.png']")
    assert LogEntry.objects.get(kind="symptom").text == "Nobody can pay, @anna"

    page.fill("#compose-text", "/nonsense")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pending-lines >> text=There is no command /nonsense.")
    page.click("#pending-lines >> text=Discard")

    page.fill("#compose-text", "Somebody forgot the index")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pending-lines >> text=nothing asked for it")
    assert not LogEntry.objects.filter(text__contains="forgot").exists()
    chromium.picture(page, "words-that-blame")
    page.click("#pending-lines >> text=Change it")
    page.fill("#compose-text", page.input_value("#compose-text").replace("Somebody forgot", "Nobody was asked for"))
    page.keyboard.press("Enter")
    page.wait_for_selector("#log >> text=Nobody was asked for the index")

    page.focus(f"#idea-{idea.pk}")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f".column.testing #idea-{idea.pk}")
    idea.refresh_from_db()
    assert (idea.standing, idea.tester) == ("testing", anna)
    # The focus goes with a card whose button was pressed, and stays at a line whose menu folds.
    page.locator(f"#idea-{idea.pk} [value=ruled_out]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f".column.ruled_out #idea-{idea.pk}")).to_be_focused()
    line = page.locator(f"#entry-{idea.pk}")
    line.locator("details.acts summary").click()
    line.get_by_role("button", name="Pin for the postmortem").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#entry-{idea.pk}.starred")).to_be_focused()

    commands.log(acting(anna), incident, "note", "Written elsewhere")
    page.evaluate(f"document.dispatchEvent(new CustomEvent('live:incident:{incident.pk}:log'))")
    page.wait_for_selector("#log >> text=Written elsewhere")
    # The new lines that come along with the event are put in place, whoever wrote them.
    page.evaluate(
        """([incident, html]) => document.dispatchEvent(new CustomEvent('live:lines', {detail: {incident, html,
            since: '2036-01-01T00:00:00+00:00'}}))""",
        [
            incident.pk,
            '<li class="log-entry" id="entry-999999"><time datetime="2036-01-01T00:00:00Z"></time>Came along</li>',
        ],
    )
    assert "Came along" in page.inner_text("#log > li:first-child")

    page.fill("#compose-text", "/help")
    page.keyboard.press("Enter")
    page.wait_for_selector("#completions >> text=/handoff")
    assert page.locator("#completions li").count() == len(slash.COMMANDS)
    page.keyboard.press("Escape")
    page.keyboard.type("handoff @ann")
    page.wait_for_selector("#completions >> text=@anna")
    page.keyboard.press("Tab")
    assert page.input_value("#compose-text") == "/handoff @anna "
    page.fill("#compose-text", "")
    chromium.take_problems()  # what the browser says of the requests that it could not send


def test_what_somebody_is_at_stays_when_the_room_reads_itself_again(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    team = factories.team("Payments")
    anna = factories.person("Anna", email="anna@example.org")
    factories.membership(team, anna, "manager")
    ben = factories.person("Ben Okafor", email="ben@example.org")
    for name in ("Restart", "Drain"):
        save_mitigation(acting(anna), None, team=team, name=name, kind="restart", how=f"{name} it by hand.")
    incident = commands.declare(acting(anna), title="Checkout is slow", team=team)
    page = signed_in(client, chromium, live_server, anna)
    page.goto(f"/incidents/{incident.pk}")

    def again() -> None:
        with page.expect_response(re.compile("part=side")):
            page.evaluate("htmx.trigger(document.getElementById('side'), 'live')")
        at_rest(page)

    fold = page.locator("#mitigations details", has=page.locator("button[value='drain']"))
    fold.locator("summary").click()
    page.fill("#tasks input[name='text']", "@ben looks at the proxy")
    start = page.get_by_role("button", name="Start: Drain")
    start.focus()
    page.evaluate("""() => document.addEventListener("htmx:afterSwap", () => {  // before htmx has settled: nobody may type into nothing
      window.between = [document.querySelector("#tasks input[name='text']").value, document.activeElement.value];
    }, { once: true })""")
    again()
    assert page.evaluate("between") == ["@ben looks at the proxy", "drain"]
    assert fold.evaluate("each => each.open")
    assert page.input_value("#tasks input[name='text']") == "@ben looks at the proxy"
    assert page.evaluate("document.activeElement.value") == "drain"
    # Two answers may come so close that the second replaces the first before anything was put back.
    page.evaluate(
        """() => {
          const target = document.getElementById("side"), html = target.innerHTML;
          const tell = (name) => document.dispatchEvent(new CustomEvent(`htmx:${name}`, { detail: { target, shouldSwap: true } }));
          for (let time = 0; time < 2; time++) { tell("beforeSwap"); target.innerHTML = html; tell("afterSwap"); }
          tell("afterSettle");
        }"""
    )
    assert page.input_value("#tasks input[name='text']") == "@ben looks at the proxy"
    assert page.evaluate("document.activeElement.value") == "drain"
    # What one is being asked about is not taken away, and is done when one says yes.
    start.evaluate("each => { each.dataset.confirm = 'Drain it now?'; each.dataset.confirmOk = 'Drain'; }")
    start.click()
    again()
    with page.expect_navigation():  # the old page may show that it runs before the new one comes
        page.click("dialog[open] >> text=Drain >> nth=1")
    page.wait_for_selector("#mitigations >> text=Running")
    assert [run.title for run in incident.mitigation_runs.all()] == ["Drain"]

    # People are looked for as one types; Enter takes the first as soon as it is there.
    page.get_by_label("Who", exact=True).press_sequentially("ben@")
    page.keyboard.press("Enter")
    page.wait_for_selector(".picked >> text=Ben Okafor")
    page.get_by_role("button", name="Page for this role").click()
    page.wait_for_selector("text=Ben Okafor is being paged")
    assert incident.roles.filter(person=ben).exists()


def test_a_press_is_not_lost_when_the_room_reads_itself_again_meanwhile(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    """What was pressed was replaced before the button of the mouse came up, or the key, and nothing happened."""
    anna = factories.person("Anna", role="administrator")
    incident = commands.declare(acting(anna), title="Checkout is slow")
    page = signed_in(client, chromium, live_server, anna)
    page.goto(f"/incidents/{incident.pk}")

    def again() -> None:
        with page.expect_response(re.compile("part=side")):
            page.evaluate("htmx.trigger(document.getElementById('side'), 'live')")
        at_rest(page)

    page.fill("#tasks input[name='text']", "Ask the provider")
    page.locator("#tasks").get_by_role("button", name="Add", exact=True).focus()
    page.keyboard.down("Space")
    again()
    page.keyboard.up("Space")
    page.wait_for_selector("#tasks .task >> text=Ask the provider")
    at_rest(page)
    page.locator("#times").get_by_role("link", name=re.compile("^Correct: ")).first.hover()
    page.mouse.down()
    again()
    page.mouse.up()
    page.wait_for_url("**/times/**")


def test_the_composer_is_by_the_thumb_on_a_phone(client: Any, live_server: Any, chromium: Chromium) -> None:
    anna = factories.person("Anna", role="administrator")
    incident = commands.declare(acting(anna), title="Checkout is slow")
    commands.log(
        acting(anna), incident, "hypothesis", "The deploy of 19:13 lost an index, and every search reads it all"
    )
    page = signed_in(client, chromium, live_server, anna, viewport=PHONE)
    page.goto(f"/incidents/{incident.pk}")
    box = page.locator("#compose").bounding_box()
    assert box is not None
    assert PHONE[1] / 2 < box["y"] + box["height"] <= PHONE[1]
    # What to do next stands above it, all of it, on the first screen.
    step = page.locator(".next-step .button.primary").first.bounding_box()
    assert step is not None
    assert step["y"] + step["height"] < box["y"]
    small = page.evaluate(
        "[...document.querySelectorAll('#side .button, #room-head .button')].filter((each) => each.checkVisibility())"
        ".map((each) => each.getBoundingClientRect().height)"
    )
    assert small and all(each >= 44 for each in small)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    # The menu of a line covers none of its words.
    assert page.evaluate(_COVERED) == []
    # What one who follows can change stands on the screen.
    commands.follow_incident(acting(anna), incident)
    page.reload()
    page.click("summary[data-key=f]")
    menu = page.locator(".menu[open] .menu-items").bounding_box()
    assert menu is not None and menu["x"] >= 0 and menu["x"] + menu["width"] <= PHONE[0]
    page.keyboard.press("Escape")
    # One tap leads to where one writes.
    page.click(".room-nav >> text=Update")
    page.wait_for_selector("[name=happening]:focus")
    when = page.locator("#update [name=next_update_at]")  # asked only of who says that it is another time
    assert not when.is_visible()
    page.select_option("#update [name=next_update]", "at")
    assert when.is_visible()
    page.click("#next >> text=Write down what you try")
    page.wait_for_selector("#mitigations :focus")
    page.goto(f"/incidents/{incident.pk}/board")
    assert axe(page) == []
    page.goto("/incidents")
    cut = page.evaluate("""[...document.querySelectorAll('.filters select')].filter((each) => {
      const pen = document.createElement('canvas').getContext('2d'), style = getComputedStyle(each);
      pen.font = style.font;
      return pen.measureText(each.selectedOptions[0].text).width + parseFloat(style.paddingLeft) > each.clientWidth;
    }).map((each) => each.selectedOptions[0].text)""")
    assert cut == []  # no “All sev…”
    assert chromium.take_problems() == []
