"""Evidence as people see it: a real alert of a real Prometheus, in a real browser."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Page, expect

from peers.chromium import PHONE, Chromium, axe
from peers.http import Answer, HttpPeer, Request
from peers.programs import wait_until
from peers.prometheus import Prometheus
from peers.server import Server
from watchroom.kernel import clock

pytestmark = [pytest.mark.browser, pytest.mark.peer, pytest.mark.slow, pytest.mark.browser_once]


def sign_up(page: Page) -> str:
    """From a fresh installation to an integration for the service Checkout. Returns its path."""
    page.goto("/")
    page.get_by_label("Your name").fill("Anna Larsen")
    page.get_by_label("E-mail").fill("anna@example.org")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Make my account").click()
    page.get_by_label("Team", exact=True).fill("Shop")
    page.get_by_label("Service", exact=True).fill("Checkout")
    page.get_by_role("button", name="Make team and service").click()
    page.get_by_role("button", name=re.compile("Next: test page")).click()
    page.get_by_role("button", name="Page me now").click()
    page.get_by_role("dialog").get_by_role("button", name="I got it").click()
    page.get_by_role("link", name="Next: first alert").click()
    page.get_by_role("button", name="Make the integration").click()
    page.get_by_text("prometheus.yml").first.wait_for()
    found = re.search(r"/in/wri_[\w-]+", page.content())
    assert found
    page.get_by_role("link", name="Later").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Go to Watchroom").click()
    return found[0]


def tools(request: Request) -> Answer:
    """Loki and Jaeger at one address."""
    now = clock.now().timestamp()
    if request.path.startswith("/api/v1/query_range"):
        asked = {name: values[0] for name, values in parse_qs(request.text).items()}
        start, end = float(asked["start"]), float(asked["end"])
        series = [
            {
                "metric": {"job": "checkout", "region": region},
                "values": [
                    [
                        at,
                        str(
                            round(base + 0.004 * math.sin(at / 200 + n) + (0.06 * (n == 0) if at > end - 400 else 0), 4)
                        ),
                    ]
                    for at in range(int(start), int(end), 15)
                    if not (n == 2 and end - 900 < at < end - 700)
                ],
            }
            for n, (region, base) in enumerate((("eu", 0.01), ("us", 0.02), ("asia", 0.005)))
        ]
        return Answer(body={"status": "success", "data": {"resultType": "matrix", "result": series}})
    if request.path.startswith("/loki/"):
        words = (
            "payment refused: connection pool exhausted",
            "retrying card 4 of 5",
            "timeout after 30s calling ledger",
        )
        values = [[str(int((now - n * 7) * 1e9)), f"level=error msg={words[n % 3]!r}"] for n in range(12)]
        return Answer(
            body={"data": {"resultType": "streams", "result": [{"stream": {"app": "checkout"}, "values": values}]}}
        )
    at = int((now - 60) * 1e6)

    def span(
        id: str, parent: str, name: str, process: str, start: int, took: int, error: bool = False
    ) -> dict[str, object]:
        return {
            "spanID": id,
            "operationName": name,
            "processID": process,
            "startTime": at + start,
            "duration": took,
            "references": [{"refType": "CHILD_OF", "spanID": parent}] if parent else [],
            "tags": [{"key": "error", "value": error}],
        }

    spans = [
        span("a", "", "POST /checkout", "p1", 0, 3_100_000),
        span("b", "a", "reserve", "p2", 40_000, 400_000),
        span("c", "b", "SELECT stock", "p3", 60_000, 350_000),
        span("d", "a", "charge", "p4", 460_000, 2_600_000, True),
        span("e", "d", "POST /v1/charges", "p4", 480_000, 2_500_000, True),
    ]
    names = {"p1": "checkout", "p2": "stock", "p3": "postgres", "p4": "payments"}
    trace = {"traceID": "7f3a", "spans": spans, "processes": {k: {"serviceName": v} for k, v in names.items()}}
    return Answer(body={"data": [trace]})


def configure(server: Server, **urls: str) -> None:
    """Connections to these servers, and what Checkout is judged by."""
    kinds = {"thanos": "prometheus"}
    connections = [
        {
            "slug": name,
            "name": name.capitalize(),
            "team": "shop",
            "kind": kinds.get(name, name),
            "settings": {"url": url},
        }
        for name, url in urls.items()
    ]
    judged = (
        ("prometheus", "traffic", "Traffic", 'test_value{service="$service"}', {}),
        ("loki", "logs", "Log lines", '{app="$service"} |= "error"', {}),
        ("jaeger", "traces", "Traces", "$service", {}),
        ("zipkin", "traces", "Traces of old", "x", {}),
        ("thanos", "error_rate", "Error rate", "errors", {"unit": "ratio", "threshold": 0.05}),
    )
    indicators = [
        {"service": "checkout", "connection": connection, "kind": kind, "name": name, "expression": expression}
        | {"position": position}
        | more
        for position, (connection, kind, name, expression, more) in enumerate(judged)
    ]
    document = {"version": 1, "connections": connections, "indicators": indicators}
    file = server.home / "evidence.yaml"
    file.write_text(json.dumps(document))  # JSON is YAML
    server.cli("apply", "-f", str(file))


def seen(metrics: Prometheus, span: str, count: int) -> None:
    """Prometheus has so many values in ``span``."""
    query = urlencode({"query": f"count_over_time({span})"})

    def enough() -> bool:
        return any(int(each["value"][1]) >= count for each in metrics.get(f"/api/v1/query?{query}")["result"])

    wait_until(enough, 60, f"Prometheus has {count} values of {span}")


def settled(page: Page) -> None:
    """Every item has its picture or says why not."""
    expect(page.locator(".evidence")).to_be_visible()
    expect(page.locator(".evidence .waiting")).to_have_count(0)


def test_evidence_in_a_browser(
    start_server: Callable[..., Server],
    prometheus: Callable[..., Prometheus],
    http_peer: HttpPeer,
    chromium: Chromium,
) -> None:
    http_peer.otherwise = tools
    server = start_server(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    anna = chromium.page(server.url)
    address = sign_up(anna)
    metrics = prometheus(f"{server.url}{address}")
    anna.goto("/connections/new?kind=zipkin")
    anna.get_by_label("Name", exact=True).fill("Zipkin")
    anna.get_by_label("Team").select_option(label="Shop")
    anna.get_by_label("Address", exact=True).fill("http://127.0.0.1:9")
    anna.get_by_role("button", name="Try it").click()
    expect(anna.get_by_text("could not be reached")).to_be_visible()
    assert not axe(anna)
    chromium.picture(anna, "evidence-connection")
    with anna.expect_navigation():
        anna.get_by_role("button", name="Save connection").click()
    configure(server, prometheus=metrics.url, loki=http_peer.url, jaeger=http_peer.url, thanos=http_peer.url)
    anna.goto("/services/checkout")
    expect(anna.get_by_text("Log lines").first).to_be_visible()
    seen(metrics, "test_value[1h]", 5)  # so that there is something on the left of the mark
    server.cli("change", "checkout", "checkout 4.18.0", "--version", "4.18.0", "--author", "deploy-bot")
    metrics.set(7)
    metrics.wait_until_firing()
    seen(metrics, "(test_value > 0)[1h:1s]", 4)
    anna.goto("/alerts")
    anna.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()  # it rings
    expect(anna.get_by_role("dialog")).to_have_count(0)
    anna.goto("/alerts")
    anna.get_by_role("link", name="The value of checkout is 7").click()
    settled(anna)
    own = anna.locator(".evidence-item").first
    expect(own.locator("path.line")).to_have_count(1)
    expect(own.get_by_text("> 0", exact=True)).to_be_visible()
    expect(anna.get_by_text("connection pool exhausted").first).to_be_visible()
    expect(anna.get_by_text("Zipkin could not show this").first).to_be_visible()
    anna.get_by_role("link", name="checkout POST /checkout").click()
    expect(anna.locator(".waterfall")).to_be_visible()
    assert not axe(anna)
    chromium.picture(anna, "evidence-alert-wide")
    errors = anna.locator(".evidence-item", has_text="Error rate")
    errors.screenshot(path=chromium.pictures / "evidence-chart-light.png")
    # The page reads itself again; what has been asked for stays.
    asked = len(http_peer.requests)
    server.cli("note", "1", "From elsewhere")
    expect(anna.get_by_text("From elsewhere")).to_be_visible()
    expect(anna.locator(".waterfall")).to_be_visible()
    anna.get_by_label("Note").fill("Looking")
    anna.get_by_role("button", name="Add note").click()
    expect(anna.get_by_text("Looking").first).to_be_visible()
    path = anna.url
    settled(anna)
    assert len(http_peer.requests) <= asked + 6

    anna.get_by_role("link", name="Declare an incident from this").click()
    anna.get_by_label("What is wrong?").fill("Customers can't check out")
    anna.get_by_label("SEV2", exact=False).check()
    anna.get_by_role("button", name="Declare incident").click()
    expect(anna.get_by_role("heading", name=re.compile("Customers can't check out"))).to_be_visible()
    room = anna.url
    expect(anna.locator("#log").get_by_text("Watchroom kept evidence")).to_be_visible()
    settled(anna)
    anna.get_by_role("button", name=re.compile("^Keep: Log lines")).click()
    expect(anna.get_by_role("link", name="Kept", exact=True)).to_be_visible()
    expect(anna.locator("#log").get_by_text("Anna Larsen kept evidence: Log lines")).to_be_visible()
    assert not axe(anna)
    chromium.picture(anna, "evidence-room-wide")
    state = anna.context.storage_state()
    for viewport, colours in ((PHONE, "dark"), ((360, 740), "light"), ((1280, 800), "dark")):
        other = chromium.page(server.url, viewport=viewport, colours=colours, storage_state=state)
        other.goto(path)
        settled(other)
        assert not axe(other)
        wide = other.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert wide, f"{viewport} scrolls sideways"
        chromium.picture(other, f"evidence-alert-{viewport[0]}-{colours}")
        errors = other.locator(".evidence-item", has_text="Error rate")
        errors.screenshot(path=chromium.pictures / f"evidence-chart-{viewport[0]}-{colours}.png")
        other.get_by_role("link", name="checkout POST /checkout").click()
        expect(other.locator(".waterfall")).to_be_visible()
        other.goto(room)
        settled(other)
        chromium.picture(other, f"evidence-room-{viewport[0]}-{colours}")
        other.context.close()
    anna.goto("/connections")
    assert not axe(anna)
    chromium.picture(anna, "evidence-connections")
    anna.goto("/changes")
    assert not axe(anna)
    anna.goto("/services/checkout/indicators/new")
    assert not axe(anna)
    chromium.picture(anna, "evidence-indicator")
