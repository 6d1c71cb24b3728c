"""Debian's Chromium, driven by Playwright: pages as people see them, pictures of them, and axe-core's verdict."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright

from .programs import find

DESKTOP = (1280, 800)
TABLET = (820, 1180)
PHONE = (390, 844)

# What WCAG 2.2 asks for at level AA: the rules of 2.0, 2.1 and 2.2 at both levels.
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_PATIENCE_MS = (
    180_000  # some browsers may share two cores with all that they look at; who waits in vain only fails later
)

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
]


class Chromium:
    """One browser; each :meth:`page` is a person's own, with cookies of its own.

    It collects what goes wrong on any page: exceptions, errors on the console (a breach of the Content Security Policy
    is one) and requests to another host than this machine. :meth:`take_problems` gives and forgets them.
    """

    def __init__(self, pictures: Path) -> None:
        self.pictures = pictures
        self.problems: list[str] = []
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def start(self) -> Chromium:
        binary = find("chromium", "chromium-browser", package="chromium")
        # Playwright keeps an event loop running in this thread, which Django would take for asynchronous code.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        self._playwright = sync_playwright().start()
        expect.set_options(timeout=_PATIENCE_MS)
        self._browser = self._playwright.chromium.launch(executable_path=binary, args=_FLAGS, timeout=60_000)
        return self

    def stop(self) -> None:
        if self._browser:
            self._browser.close()
            self._browser = None
        if self._playwright:
            self._playwright.stop()
            self._playwright = None
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)

    def context(
        self,
        base_url: str | None = None,
        viewport: tuple[int, int] = DESKTOP,
        colours: Literal["light", "dark"] = "light",
        **options: Any,
    ) -> BrowserContext:
        """A new person at this browser. ``options`` are Playwright's (``java_script_enabled=False``, ``locale=…``)."""
        assert self._browser is not None, "start() it first"
        context = self._browser.new_context(
            base_url=base_url,
            viewport={"width": viewport[0], "height": viewport[1]},
            color_scheme=colours,
            reduced_motion="reduce",
            **{"locale": "en-GB", "timezone_id": "UTC", **options},
        )
        context.set_default_timeout(_PATIENCE_MS)
        context.on("page", self._watch)
        return context

    def page(
        self,
        base_url: str | None = None,
        viewport: tuple[int, int] = DESKTOP,
        colours: Literal["light", "dark"] = "light",
        **options: Any,
    ) -> Page:
        """A page of a new person at this browser. Closing its ``context`` ends both."""
        return self.context(base_url, viewport, colours, **options).new_page()

    def close_pages(self) -> None:
        """Send everybody away."""
        for context in [*self._browser.contexts] if self._browser else []:
            context.close()

    def picture(self, page: Page, name: str, *, full_page: bool = True) -> Path:
        """Keep a picture of ``page`` as artifacts/screenshots/``name``.png."""
        path = self.pictures / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=full_page, animations="disabled")
        return path

    def take_problems(self) -> list[str]:
        """What has gone wrong on any page since the last call."""
        problems, self.problems = self.problems, []
        return problems

    def _watch(self, page: Page) -> None:
        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.problems.append(f"{page.url}: console: {message.text}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: exception: {error}"))
        page.on("request", lambda request: self._check_address(page, request.url))

    def _check_address(self, page: Page, url: str) -> None:
        if not re.match(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:", url):
            self.problems.append(f"{page.url}: fetches {url}, which is not ours")


def without_live(context: BrowserContext) -> None:
    """Live events are given by the gate, which does not run beside Django's ``live_server``: what asks for them waits. An
    answer that ends would be an interruption, after which a page reads everything anew, at a moment that nobody knows."""
    context.route("**/live?*", lambda route: None)


def axe(page: Page, *, tags: list[str] = WCAG_22_AA, within: str | None = None) -> list[str]:
    """What axe-core finds wrong with ``page`` (or with the element ``within``), one readable paragraph each."""
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found: dict[str, Any] = page.evaluate(
        """([within, tags]) => axe.run(within ? {include: [within]} : document,
            {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})""",
        [within, tags],
    )
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}\n"
        + "\n".join(
            f"    {' '.join(map(str, node['target']))}: {node['html'][:160]}" for node in violation["nodes"][:8]
        )
        for violation in found["violations"]
    ]
