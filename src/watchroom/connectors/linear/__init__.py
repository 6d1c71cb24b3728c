"""Linear, by its GraphQL API.

https://linear.app/developers/graphql (a key stands in Authorization as it is; errors come with status 200, too) and its schema:
``issueCreate`` takes an ``id`` of the caller's, so that an issue is never made twice.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from ...kernel.errors import Refused
from .. import base, issues
from ..base import Field, Settings
from ..issues import Issue

_ISSUE = "id identifier url state { type }"
_CLOSED = {"completed", "canceled", "duplicate"}


class Linear:
    """See the module's text."""

    name = "linear"
    label = "Linear"
    summary = "Action items as issues of a team: completed there, they are done here, and the other way round."
    fields = (
        Field("url", "API", "", "url", default="https://api.linear.app/graphql"),
        Field("token", "API key", "Of Settings, Security & access.", "password", True, True),
        Field("team", "Team key", "The letters before the number of its issues, such as PAY.", required=True),
        issues.BY_ITSELF,
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        cleaned["team"] = cleaned["team"].upper()
        return dict(cleaned)

    def describe(self, settings: Settings) -> str:
        return str(settings.get("team", ""))

    def try_it(self, settings: Settings) -> str:
        return f"It knows the team {str(self._team(settings).get('name', ''))[:80]!r}."

    def make(self, settings: Settings, title: str, text: str, mark: str) -> Issue:
        given = {"id": _id(mark), "teamId": self._team(settings)["id"], "title": title, "description": text}
        said = self._ask(
            settings,
            f"mutation($input: IssueCreateInput!) {{ issueCreate(input: $input) {{ issue {{ {_ISSUE} }} }} }}",
            input=given,
        )
        return _issue((said.get("issueCreate") or {}).get("issue"))

    def marked(self, settings: Settings, mark: str) -> Issue | None:
        try:
            return self.look(settings, _id(mark))
        except issues.TrackerFailed as failed:
            if failed.gone:
                return None
            raise

    def named(self, settings: Settings, said: str) -> Issue:
        key = re.fullmatch(r"(?:https?://[^?#]+/issue/)?([A-Z][A-Z0-9]*-\d+)(?:[/?#].*)?", said, re.IGNORECASE)
        if key is None:
            raise Refused(
                "That is not an issue.",
                field="issue",
                value=said[:200],
                fix=f"Paste its address, or what it is called, such as {self.describe(settings)}-12.",
            )
        return self.look(settings, key[1].upper())

    def look(self, settings: Settings, id: str) -> Issue:
        return _issue(
            self._ask(settings, f"query($id: String!) {{ issue(id: $id) {{ {_ISSUE} }} }}", id=id).get("issue")
        )

    def close(self, settings: Settings, id: str, *, done: bool) -> None:
        self._move(settings, id, ("completed",) if done else ("canceled", "completed"))

    def open_again(self, settings: Settings, id: str) -> None:
        self._move(settings, id, ("unstarted", "backlog", "started"))

    def _move(self, settings: Settings, id: str, kinds: tuple[str, ...]) -> None:
        query = "query($id: String!) { issue(id: $id) { team { states { nodes { id type position } } } } }"
        try:
            found = self._ask(settings, query, id=id)["issue"]["team"]["states"]["nodes"]
            states = [each for each in found if each["type"] in kinds]
            states.sort(key=lambda each: (kinds.index(each["type"]), each["position"]))
        except (KeyError, TypeError):
            raise issues.strange() from None
        if not states:
            raise issues.TrackerFailed(f"The team has no state of the kind {kinds[0]}.")
        move = (
            "mutation($id: String!, $state: String!) { issueUpdate(id: $id, input: { stateId: $state }) { success } }"
        )
        self._ask(settings, move, id=id, state=states[0]["id"])

    def _team(self, settings: Settings) -> dict[str, Any]:
        query = "query($key: String!) { teams(filter: { key: { eq: $key } }) { nodes { id name } } }"
        found = issues.things((self._ask(settings, query, key=settings["team"]).get("teams") or {}).get("nodes"))
        if not found:
            raise issues.TrackerFailed(f"It has no team {settings['team']!r}.", fix="Correct it under Connections.")
        return issues.thing(found[0])

    def _ask(self, settings: Settings, query: str, **variables: Any) -> dict[str, Any]:
        headers = {"Authorization": str(settings["token"])}
        asked = {"query": query, "variables": variables}
        said = issues.thing(issues.call("POST", str(settings["url"]), headers, asked))
        if errors := said.get("errors"):
            first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
            words = " ".join(str(first.get("message", "")).split())[:200].rstrip(".")
            gone = "not found" in words.lower()
            raise issues.TrackerFailed(f"Linear refused: {words or 'no reason'}.", gone=gone)
        data = said.get("data")
        return data if isinstance(data, dict) else {}


def _id(mark: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:watchroom:{mark}"))


def _issue(found: Any) -> Issue:
    try:
        key, url = str(found["identifier"]), str(found["url"])
        return Issue(str(found["id"]), key, url, found["state"]["type"] not in _CLOSED)
    except (KeyError, TypeError):
        raise issues.strange() from None


connector = Linear()
