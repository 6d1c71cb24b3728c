"""What the OpenAPI document says beyond what django-ninja knows: subjects, how one signs in, and how it refuses. The page of the API is made of it, and so are docs/reference/api.md and clients that others generate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI
from ninja.operation import Operation

from .problems import Problem

SUBJECTS = {
    "Alerts": "Alert groups and what is done about them; integrations, signals and mappings.",
    "Routes": "Where alerts go: the routing tree and its time intervals.",
    "Silences and maintenance": "What holds alerts back: silences, maintenance windows, inhibition.",
    "Monitors": "Heartbeats and checks.",
    "Paging": "Escalation policies, pages, how people are reached, and what kept pages from them.",
    "On call": "Schedules, shifts, overrides, swaps, absences, hand-offs, and what was worked.",
    "Incidents": "Declaring, changing and ending them; roles, links, followers, triage.",
    "Rooms of incidents": "The running log, hypotheses, tasks, files, and what Watchroom advises.",
    "Updates": "What stakeholders are told.",
    "Incidents as they are here": "Severities, types, states and role rotations.",
    "Services": "What is run here, and who owns it.",
    "Evidence": "Connections, indicators, changes and snapshots.",
    "Mitigations": "Ways to stop the bleeding, their runs, and the runners that carry them out.",
    "Runbooks": "Runbooks, their versions and runs.",
    "Status pages": "Pages for customers: components, maintenance, subscribers.",
    "Stakeholders": "Who hears every update.",
    "Postmortems": "What was learned.",
    "Action items": "Lasting fixes.",
    "Insights": "Which alerts to mend, who carries how much, how incidents went.",
    "Drills": "Scenarios, drills, and how they went.",
    "Readiness": "What teams still lack; how people here respond.",
    "Channels and calls": "Where people meet in an incident.",
    "Single sign-on": "Identity providers by SAML, and what their groups give.",
    "Chats": "Connected chat workspaces.",
    "Workflows": "What is done by itself when something happens in an incident.",
    "Webhooks": "Who outside is told of every change.",
    "People and teams": "People, teams, memberships, API tokens.",
    "Audit": "Who did what.",
    "Configuration": "The whole configuration as a file.",
    "System": "How Watchroom itself is.",
    "Agents": "What the agents of runners ask; they sign in with their runner's key.",
}
"""The subjects of the operations, in the order in which they are shown."""

ERRORS = {
    "400": "The request can't be read: its body is not JSON.",
    "401": "There is no token, or it is unknown, expired or revoked.",
    "403": "Your role, or the scope of the token, does not reach that far.",
    "404": "There is no such thing, or you may not see it.",
    "409": "It is in a state in which this can't be done, or somebody else changed it in the meantime.",
    "415": "The body came as something else than JSON.",
    "422": "A value is missing, unknown or not accepted: `field`, `value` and `fix` say which.",
}
_WRITES = {"post", "put", "patch", "delete"}


def complete(api: NinjaAPI, document: dict[str, Any]) -> None:
    """Add all of it to ``document``, which is that of ``api``."""
    document["tags"] = [{"name": name, "description": text} for name, text in SUBJECTS.items()]
    document["security"] = [{"token": []}]
    parts = document["components"]
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, made under your profile."}
    }
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= described.pop("$defs") | {"Problem": described}
    said = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    parts["responses"] = {status: {"description": text, "content": said} for status, text in ERRORS.items()}
    operations = {(method, operation_id(api, each)): each for each in _operations(api) for method in each.methods}
    for path in document["paths"].values():
        for method, described in path.items():
            _complete(method, described, operations[(method.upper(), described["operationId"])], api)


def _complete(method: str, described: dict[str, Any], operation: Operation, api: NinjaAPI) -> None:
    described["tags"] = described["tags"][-1:]  # the innermost router knows best
    if described["summary"] == operation.view_func.__name__.title().replace("_", " "):  # nobody has said it better
        described["summary"] = described["operationId"].capitalize().replace("_", " ")
    described["responses"] = {str(status): answer for status, answer in described["responses"].items()}
    if "requestBody" in described:
        _leave_out_null(described["requestBody"])
    for status in _refusals(method, described):
        described["responses"][status] = {"$ref": f"#/components/responses/{status}"}
    if operation.auth_callbacks != api.auth:
        described["security"] = []


def _leave_out_null(body: dict[str, Any]) -> None:
    """A body that need not be there is left out; nobody sends ``null``, and generated clients can't."""
    for content in body["content"].values():
        choices = [each for each in content["schema"].get("anyOf", ()) if each != {"type": "null"}]
        if len(choices) == 1:
            content["schema"] = choices[0]


def _refusals(method: str, described: dict[str, Any]) -> Iterator[str]:
    """In which ways an operation may refuse, besides its own answers."""
    yield from ("400", "415") if "requestBody" in described else ()
    yield from ("401", "403")
    if any(each["in"] == "path" for each in described["parameters"]):
        yield "404"
    yield from ("409",) if method in _WRITES else ()
    yield "422"


def operation_id(api: NinjaAPI, operation: Operation) -> str:
    """The name of ``operation``, in the document and for people."""
    return operation.operation_id or api.get_openapi_operation_id(operation)


def _operations(api: NinjaAPI) -> Iterator[Operation]:
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            yield from view.operations
