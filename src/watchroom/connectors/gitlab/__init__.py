"""GitLab issues.

https://docs.gitlab.com/api/issues/ (new, single, edit with ``state_event``, list with ``search`` and ``in``)
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ...kernel.errors import Refused
from .. import base, issues
from ..base import Field, Settings
from ..issues import Issue


class GitLab:
    """See the module's text."""

    name = "gitlab"
    label = "GitLab issues"
    summary = "Action items as issues of a project: closed there, they are done here, and the other way round."
    fields = (
        Field("url", "Address", "Without the path of its API.", "url", default="https://gitlab.com"),
        Field("project", "Project", "With its groups, such as acme/shop.", required=True),
        Field("token", "Access token", "Of the project, with the role Reporter and the scope “api”.", "password", True, True),
        issues.LABELS,
        issues.BY_ITSELF,
    )  # fmt: skip

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+|\d+", cleaned["project"]):
            raise Refused(
                "That is not a project.",
                field="project",
                value=cleaned["project"][:80],
                fix="Write it with its groups, such as acme/shop.",
            )
        return dict(cleaned)

    def describe(self, settings: Settings) -> str:
        return str(settings.get("project", ""))

    def try_it(self, settings: Settings) -> str:
        found = issues.thing(self._call(settings, "GET", ""))
        return f"It knows {found.get('path_with_namespace', self.describe(settings))}."

    def make(self, settings: Settings, title: str, text: str, mark: str) -> Issue:
        body = {"title": title, "description": text}
        if labels := issues.labels_of(settings):
            body["labels"] = ",".join(labels)
        return _issue(self._call(settings, "POST", "/issues", body))

    def marked(self, settings: Settings, mark: str) -> Issue | None:
        asked = f"/issues?scope=all&in=description&search={quote(mark)}"
        found = issues.things(self._call(settings, "GET", asked))
        return _issue(found[0]) if found else None

    def named(self, settings: Settings, said: str) -> Issue:
        project = re.escape(str(settings["project"]))
        number = re.fullmatch(
            rf"(?:https?://[^?#]+/{project}/-/(?:issues|work_items)/|#)?(\d{{1,12}})(?:[?#].*)?", said, re.IGNORECASE
        )
        if number is None:
            raise Refused(
                "That is not an issue of this project.",
                field="issue",
                value=said[:200],
                fix=f"Paste the address of an issue of {self.describe(settings)}, or its number.",
            )
        return self.look(settings, number[1])

    def look(self, settings: Settings, id: str) -> Issue:
        return _issue(self._call(settings, "GET", f"/issues/{int(id)}"))

    def close(self, settings: Settings, id: str, *, done: bool) -> None:
        self._call(settings, "PUT", f"/issues/{int(id)}", {"state_event": "close"})

    def open_again(self, settings: Settings, id: str) -> None:
        self._call(settings, "PUT", f"/issues/{int(id)}", {"state_event": "reopen"})

    def _call(self, settings: Settings, method: str, path: str, body: object = None) -> Any:
        url = f"{settings['url']}/api/v4/projects/{quote(str(settings['project']), safe='')}{path}"
        return issues.call(method, url, {"PRIVATE-TOKEN": str(settings["token"])}, body)


def _issue(found: Any) -> Issue:
    try:
        number = int(found["iid"])
        return Issue(str(number), f"#{number}", str(found["web_url"]), found["state"] == "opened")
    except (KeyError, TypeError, ValueError):
        raise issues.strange() from None


connector = GitLab()
