"""GitHub Actions: a workflow is dispatched and its run is followed.

https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event (with ``return_run_details``, since
February 2026: https://github.blog/changelog/2026-02-19-workflow-dispatch-api-now-returns-run-ids) and
https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run. A server that doesn't know it refuses the field
or answers 204; then the run is looked for among those dispatched since, and followed if there is exactly one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from ...kernel import clock
from ...kernel.times import rfc3339
from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings

_LOOK_FOR = timedelta(minutes=2)


class GitHub:
    """See the module's text."""

    name = "github"
    label = "GitHub Actions"
    summary = "Runs a workflow that can be started by hand (workflow_dispatch), and follows it."
    fields = (
        Field("url", "API", "Of GitHub Enterprise: https://github.example.org/api/v3.", "url",
              default="https://api.github.com"),
        Field("repository", "Repository", "Owner and name, such as acme/shop.", required=True),
        Field("token", "Token", "Fine-grained, with “Actions: read and write” on this repository.", "password", True, True),
    )  # fmt: skip
    inputs = (
        Field("workflow", "Workflow", "Its file, such as rollback.yml, or its number.", required=True),
        Field("ref", "Branch or tag", default="main"),
        Field("inputs", "Inputs", "Lines of name=value, as the workflow defines them.", "lines"),
    )
    has_dry_run = False

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        base.must_match(cleaned, "repository", r"[\w.-]+/[\w.-]+", "Write owner and name, such as acme/shop.")
        return dict(cleaned)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        base.must_match(cleaned, "workflow", r"[\w.-]+", "Write the name of its file without a folder.")
        base.pairs(cleaned.get("inputs", ""), "inputs")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return False

    def describe(self, settings: Settings) -> str:
        return str(settings.get("repository", ""))

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        given = ", ".join(f"{name}={value}" for name, value in base.pairs(inputs.get("inputs", ""), "inputs").items())
        said = f"Runs {inputs.get('workflow')} of {self.describe(settings)} at {inputs.get('ref')}"
        return f"{said}{f', with {given[:200]}' if given else ''}."

    def try_it(self, settings: Settings) -> str:
        found = base.read(base.call("GET", f"{_repository(settings)}/actions/workflows", headers=_headers(settings)))
        return f"It knows {found.get('total_count', 0)} workflows of {self.describe(settings)}."

    def start(self, settings: Settings, order: Order) -> Progress:
        if order.dry_run:
            raise RunFailed("A workflow has no dry run.", fix="Give it an input for that, and make a mitigation of it.")
        url = f"{_workflow(settings, order.inputs)}/dispatches"
        body: dict[str, Any] = {"ref": order.inputs.get("ref", "main")}
        if given := base.pairs(order.inputs.get("inputs", ""), "inputs"):
            body["inputs"] = given
        try:
            answer = base.call(
                "POST", url, headers=_headers(settings), body={**body, "return_run_details": True}, changes=True
            )
        except RunFailed as error:
            # An older server refuses what it does not know, before it has done anything.
            if not error.sure or "return_run_details" not in error.message:
                raise
            answer = base.call("POST", url, headers=_headers(settings), body=body, changes=True)
        if answer.status == 204 or not answer.body:
            return Progress("running", "Dispatched.", {"since": rfc3339(order.at, "seconds")})
        found = base.read(answer, changed=True)
        run = found.get("workflow_run_id")
        if not isinstance(run, int):
            return Progress("unknown", "It was dispatched, and GitHub did not say as which run.")
        return Progress("running", "Dispatched.", {"run": run}, _link(found))

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        run = reference.get("run")
        if run is None:
            return self._look_for(settings, order, reference)
        found = base.read(
            base.call("GET", f"{_repository(settings)}/actions/runs/{int(run)}", headers=_headers(settings))
        )
        return _progress(found, int(run))

    def _look_for(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        since = str(reference.get("since", ""))
        asked = urlencode({"event": "workflow_dispatch", "created": f">={since}", "per_page": 5})
        found = base.read(
            base.call("GET", f"{_workflow(settings, order.inputs)}/runs?{asked}", headers=_headers(settings))
        )
        runs = found.get("workflow_runs")
        runs = [each for each in runs if isinstance(each, dict)] if isinstance(runs, list) else []
        if len(runs) > 1:
            return Progress(
                "unknown", "Several runs of this workflow began at that time; which one is ours is not known."
            )
        if runs and isinstance(runs[0].get("id"), int):
            return _progress(runs[0], runs[0]["id"])
        if clock.now() - order.at > _LOOK_FOR:
            return Progress("unknown", "It was dispatched, and no run of it has appeared.")
        return Progress("running", "Dispatched.", dict(reference))


def _progress(found: dict[str, Any], run: int) -> Progress:
    link, status, conclusion = _link(found), found.get("status"), found.get("conclusion")
    if status != "completed":
        return Progress("running", f"The workflow is {str(status).replace('_', ' ')}.", {"run": run}, link)
    good = conclusion == "success"
    return Progress("succeeded" if good else "failed", f"The workflow ended: {conclusion}.", {"run": run}, link)


def _link(found: Mapping[str, Any]) -> str:
    link = str(found.get("html_url") or "")
    return link if link.startswith(("https://", "http://")) else ""


def _headers(settings: Settings) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {settings['token']}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def _repository(settings: Settings) -> str:
    return f"{settings['url']}/repos/{quote(str(settings['repository']))}"


def _workflow(settings: Settings, inputs: Inputs) -> str:
    return f"{_repository(settings)}/actions/workflows/{quote(inputs['workflow'], safe='')}"


runner = GitHub()
