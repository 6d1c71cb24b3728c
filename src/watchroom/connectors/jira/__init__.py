"""Jira, Cloud and Data Center, by version 2 of its API, which both speak.

https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/ (create, get, transitions)
https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issue-search/ (``search/jql``; ``search`` elsewhere)
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from ...kernel.errors import Refused
from .. import base, issues
from ..base import Field, Settings
from ..issues import Issue

_NOT_DONE = re.compile(r"won.?t|cancel|declin|reject|drop|abandon|duplicate|obsolete", re.IGNORECASE)
_KEY = r"[A-Z][A-Z0-9_]+-\d+"


class Jira:
    """See the module's text."""

    name = "jira"
    label = "Jira"
    summary = "Action items as issues of a project: done there, they are done here, and the other way round."
    fields = (
        Field("url", "Address", "Such as https://acme.atlassian.net.", "url", True),
        Field("username", "E-mail address", "Of the account whose API token it is; only for Jira Cloud."),
        Field("password", "API token", "Only for Jira Cloud.", kind="password", secret=True),
        Field("token", "Personal access token", "Instead of both, for Data Center.", "password", secret=True,
              instead_of=("password",)),
        Field("project", "Project key", "Such as PAY.", required=True),
        Field("issue_type", "Issue type", "As the project calls it.", default="Task"),
        issues.LABELS,
        issues.BY_ITSELF,
    )  # fmt: skip

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        cleaned["project"] = cleaned["project"].upper()
        if not re.fullmatch(r"[A-Z][A-Z0-9_]+", cleaned["project"]):
            raise Refused(
                "That is not the key of a project.",
                field="project",
                value=cleaned["project"][:80],
                fix="Use the letters before the number of its issues, such as PAY.",
            )
        return dict(cleaned)

    def describe(self, settings: Settings) -> str:
        return f"{settings.get('project', '')} at {base.describe(settings).partition('://')[2]}"

    def try_it(self, settings: Settings) -> str:
        found = issues.thing(self._call(settings, "GET", f"/project/{settings['project']}"))
        kinds = [str(each.get("name")) for each in found.get("issueTypes") or [] if isinstance(each, dict)]
        if kinds and str(settings["issue_type"]) not in kinds:
            raise issues.TrackerFailed(
                f"The project has no issue type {settings['issue_type']!r}.",
                fix=f"Use one of {', '.join(kinds)[:200]}.",
            )
        return f"It knows the project {str(found.get('name', settings['project']))[:80]!r}."

    def make(self, settings: Settings, title: str, text: str, mark: str) -> Issue:
        labels = issues.labels_of(settings)
        made = issues.thing(
            self._call(
                settings,
                "POST",
                "/issue",
                {
                    "fields": {
                        "project": {"key": settings["project"]},
                        "issuetype": {"name": settings["issue_type"]},
                        "summary": title,
                        "description": text,
                        "labels": [*(re.sub(r"\s+", "-", each) for each in labels), mark],  # found by it (marked)
                    }
                },
            )
        )
        key = str(made.get("key", ""))
        if not re.fullmatch(_KEY, key):
            raise issues.strange()
        return Issue(str(made["id"]) if made.get("id") else key, key, _address(settings, key), True)

    def marked(self, settings: Settings, mark: str) -> Issue | None:
        asked = urlencode({"jql": f'labels = "{mark}"', "fields": "status", "maxResults": 1})
        try:
            found = self._call(settings, "GET", f"/search/jql?{asked}")
        except issues.TrackerFailed as failed:
            if not failed.gone:
                raise
            found = self._call(settings, "GET", f"/search?{asked}")
        listed = issues.things(issues.thing(found).get("issues"))
        return _issue(settings, listed[0]) if listed else None

    def named(self, settings: Settings, said: str) -> Issue:
        key = re.fullmatch(rf"(?:https?://[^?#]+/)?({_KEY})(?:[?#].*)?", said, re.IGNORECASE)
        if key is None:
            raise Refused(
                "That is not an issue.",
                field="issue",
                value=said[:200],
                fix=f"Paste its address, or its key, such as {settings['project']}-12.",
            )
        return self.look(settings, key[1].upper())

    def look(self, settings: Settings, id: str) -> Issue:
        return _issue(settings, self._call(settings, "GET", f"/issue/{id}?fields=status"))

    def close(self, settings: Settings, id: str, *, done: bool) -> None:
        self._move(settings, id, {"done"}, wanted=lambda name: bool(_NOT_DONE.search(name)) != done)

    def open_again(self, settings: Settings, id: str) -> None:
        self._move(settings, id, {"new", "indeterminate"}, wanted=lambda name: True)

    def _move(self, settings: Settings, id: str, categories: set[str], wanted: Any) -> None:
        """By a step of the project's own workflow that leads there; the ``wanted`` one of several, else the first."""
        found = issues.thing(self._call(settings, "GET", f"/issue/{id}/transitions")).get("transitions")
        try:
            ways = [each for each in found or () if each["to"]["statusCategory"]["key"] in categories]
            ways.sort(key=lambda each: not wanted(f"{each['name']} {each['to'].get('name', '')}"))
        except (KeyError, TypeError):
            raise issues.strange() from None
        if not ways:
            where = "to a state that is done" if categories == {"done"} else "back to an open state"
            raise issues.TrackerFailed(
                f"Its workflow leads from here nowhere {where}.", fix="Move the issue by hand, or mend the workflow."
            )
        self._call(settings, "POST", f"/issue/{id}/transitions", {"transition": {"id": str(ways[0]["id"])}})

    def _call(self, settings: Settings, method: str, path: str, body: object = None) -> Any:
        return issues.call(method, f"{settings['url']}/rest/api/2{path}", base.headers_of(settings), body)


def _issue(settings: Settings, found: Any) -> Issue:
    try:
        key = str(found["key"])
        category = found["fields"]["status"]["statusCategory"]["key"]
        return Issue(str(found["id"]), key, _address(settings, key), category != "done")
    except (KeyError, TypeError):
        raise issues.strange() from None


def _address(settings: Settings, key: str) -> str:
    return f"{settings['url']}/browse/{key}"


connector = Jira()
