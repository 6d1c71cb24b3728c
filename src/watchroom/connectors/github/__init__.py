"""GitHub issues.

https://docs.github.com/en/rest/issues/issues (create, get, update with ``state`` and ``state_reason``, list)
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ...kernel.errors import Refused
from .. import base, issues
from ..base import Field, Settings
from ..issues import Issue

_NEWEST = 50  # among so many the one is looked for that was perhaps made a moment ago


class GitHub:
    """See the module's text."""

    name = "github"
    label = "GitHub issues"
    summary = "Action items as issues of a repository: closed there, they are done here, and the other way round."
    fields = (
        Field("url", "API", "Of GitHub Enterprise: https://github.example.org/api/v3.", "url",
              default="https://api.github.com"),
        Field("repository", "Repository", "Owner and name, such as acme/shop.", required=True),
        Field("token", "Token", "Fine-grained, with “Issues: read and write” on this repository.", "password", True, True),
        issues.LABELS,
        issues.BY_ITSELF,
    )  # fmt: skip

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", cleaned["repository"]):
            raise Refused(
                "That is not a repository.",
                field="repository",
                value=cleaned["repository"][:80],
                fix="Write owner and name, such as acme/shop.",
            )
        return dict(cleaned)

    def describe(self, settings: Settings) -> str:
        return str(settings.get("repository", ""))

    def try_it(self, settings: Settings) -> str:
        found = issues.thing(self._call(settings, "GET", ""))
        if found.get("has_issues") is False:
            raise issues.TrackerFailed(
                f"{self.describe(settings)} keeps no issues.", fix="Switch them on in the repository's settings."
            )
        return f"It knows {found.get('full_name', self.describe(settings))}."

    def make(self, settings: Settings, title: str, text: str, mark: str) -> Issue:
        body: dict[str, Any] = {"title": title, "body": text}
        if labels := issues.labels_of(settings):
            body["labels"] = labels
        return _issue(self._call(settings, "POST", "/issues", body))

    def marked(self, settings: Settings, mark: str) -> Issue | None:
        newest = f"/issues?state=all&sort=created&direction=desc&per_page={_NEWEST}"
        found = map(issues.thing, issues.things(self._call(settings, "GET", newest)))
        return next((_issue(each) for each in found if mark in str(each.get("body") or "")), None)

    def named(self, settings: Settings, said: str) -> Issue:
        repository = re.escape(str(settings["repository"]))
        number = re.fullmatch(
            rf"(?:https?://[^/]+/{repository}/issues/|#)?(\d{{1,12}})(?:[?#].*)?", said, re.IGNORECASE
        )
        if number is None:
            raise Refused(
                "That is not an issue of this repository.",
                field="issue",
                value=said[:200],
                fix=f"Paste the address of an issue of {self.describe(settings)}, or its number.",
            )
        return self.look(settings, number[1])

    def look(self, settings: Settings, id: str) -> Issue:
        return _issue(self._call(settings, "GET", f"/issues/{int(id)}"))

    def close(self, settings: Settings, id: str, *, done: bool) -> None:
        reason = "completed" if done else "not_planned"
        self._call(settings, "PATCH", f"/issues/{int(id)}", {"state": "closed", "state_reason": reason})

    def open_again(self, settings: Settings, id: str) -> None:
        self._call(settings, "PATCH", f"/issues/{int(id)}", {"state": "open", "state_reason": "reopened"})

    def _call(self, settings: Settings, method: str, path: str, body: object = None) -> Any:
        headers = {
            "Authorization": f"Bearer {settings['token']}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        url = f"{settings['url']}/repos/{quote(str(settings['repository']))}{path}"
        return issues.call(method, url, headers, body)


def _issue(found: Any) -> Issue:
    try:
        number = int(found["number"])
        return Issue(str(number), f"#{number}", str(found["html_url"]), found["state"] == "open")
    except (KeyError, TypeError, ValueError):
        raise issues.strange() from None


connector = GitHub()
