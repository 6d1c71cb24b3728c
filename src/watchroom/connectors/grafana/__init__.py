"""Grafana: its annotations are changes, its dashboards are links.

https://grafana.com/docs/grafana/latest/developers/http_api/annotations/ and .../folder_dashboard_search/
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

from .. import base
from ..base import ChangeSeen, Dashboard, Settings, Window

_TAG = re.compile(r"<[^<>]{0,500}>")


class Grafana:
    """See the module's text."""

    name = "grafana"
    label = "Grafana"
    summary = "Annotations as changes, and links to the dashboards of the service at the time of the alert."
    fields = (base.URL, *base.AUTH, base.PUBLIC)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(base.check(settings, self.fields))

    def describe(self, settings: Settings) -> str:
        return base.describe(settings)

    def try_it(self, settings: Settings) -> str:
        name = base.read(base.ask(settings, "/api/org")).get("name", "")
        return f"It answers as the organisation {str(name)[:80]!r}."

    def between(self, settings: Settings, expression: str, window: Window, most: int) -> list[ChangeSeen]:
        """``expression`` is a list of tags, with commas; an annotation must have them all."""
        query = [
            ("from", int(window.start.timestamp() * 1000)),
            ("to", int(window.end.timestamp() * 1000)),
            ("limit", most),
            ("type", "annotation"),
            *[("tags", tag) for tag in _tags(expression)],
        ]
        found = base.read_any(base.ask(settings, f"/api/annotations?{urlencode(query)}"))
        if not isinstance(found, list):
            raise base.malformed()
        try:
            changes = [self._change(settings, each) for each in found]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise base.malformed() from None
        return sorted(changes, key=lambda change: change.at, reverse=True)[:most]

    def _change(self, settings: Settings, each: Any) -> ChangeSeen:
        said = html.unescape(_TAG.sub(" ", str(each.get("text") or ""))).strip()
        title, _, more = said.partition("\n")
        where = each.get("dashboardUID")
        at = base.moment(float(each["time"]) / 1000)
        return ChangeSeen(
            at,
            title.strip()[:200] or "Annotation",
            more.strip()[:500],
            f"{_public(settings)}/d/{where}" if where else "",
            str(each.get("login") or ""),
            tuple(str(tag) for tag in each.get("tags") or ()),
        )

    def dashboards(self, settings: Settings, expression: str, window: Window, most: int) -> list[Dashboard]:
        """``expression`` is a list of tags, with commas. The links lead to the time of the window."""
        query = [("type", "dash-db"), ("limit", most), *[("tag", tag) for tag in _tags(expression)]]
        found = base.read_any(base.ask(settings, f"/api/search?{urlencode(query)}"))
        if not isinstance(found, list):
            raise base.malformed()
        at = urlencode({"from": int(window.start.timestamp() * 1000), "to": int(window.end.timestamp() * 1000)})
        try:
            # "url" is a path; it starts with the sub-path of the server, which our address also ends with.
            root = base.origin_of(_public(settings))
            return [
                Dashboard(str(each["title"])[:200], f"{root}{each['url']}?{at}")
                for each in found
                if each["url"].startswith("/")
            ][:most]
        except (AttributeError, KeyError, TypeError):
            raise base.malformed() from None


def _tags(expression: str) -> list[str]:
    return [tag.strip() for tag in expression.split(",") if tag.strip()]


def _public(settings: Settings) -> str:
    return str(settings.get("public_url") or settings.get("url", "")).rstrip("/")


connector = Grafana()
