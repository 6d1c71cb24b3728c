"""GitLab: a pipeline is created (or triggered) and followed.

https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline (``POST /projects/:id/pipeline``),
https://docs.gitlab.com/ci/triggers/#trigger-a-pipeline (``POST /projects/:id/trigger/pipeline``, a form, with a trigger
token: so that the access token needs only to read), https://docs.gitlab.com/api/pipelines/#get-a-single-pipeline and
https://docs.gitlab.com/api/jobs/#list-all-jobs-for-a-pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings

_GOES_ON = {"created", "waiting_for_resource", "preparing", "pending", "running", "scheduled", "canceling"}
_MOST_JOBS = 5


class GitLab:
    """See the module's text."""

    name = "gitlab"
    label = "GitLab pipelines"
    summary = "Starts a pipeline of a project with variables, and follows it."
    fields = (
        Field("url", "Address", "Of your own server: https://gitlab.example.org.", "url", default="https://gitlab.com"),
        Field("project", "Project", "Its path, such as acme/shop, or its number.", required=True),
        Field(
            "token", "Access token",
            "Of the project. Scope “api”; with a trigger token “read_api” is enough.", "password", True, True,
        ),
        Field("trigger_token", "Trigger token", "Starts pipelines and can do nothing else.", "password", secret=True),
    )  # fmt: skip
    inputs = (
        Field("ref", "Branch or tag", default="main"),
        Field("variables", "Variables", "Lines of NAME=value.", "lines"),
    )
    has_dry_run = False

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        base.must_match(
            cleaned, "project", r"\d+|[\w.-]+(?:/[\w.-]+)+", "Write its path, such as acme/shop, or its number."
        )
        return dict(cleaned)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        for name in base.pairs(cleaned.get("variables", ""), "variables"):
            base.must_match({"variables": name}, "variables", r"[A-Za-z_]\w*", "Letters, digits and _ make a name.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return False

    def describe(self, settings: Settings) -> str:
        return str(settings.get("project", ""))

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        given = ", ".join(base.pairs(inputs.get("variables", ""), "variables"))
        return (
            f"Starts a pipeline of {self.describe(settings)} at {inputs.get('ref')}{f' with {given}' if given else ''}."
        )

    def try_it(self, settings: Settings) -> str:
        found = base.read(base.call("GET", _project(settings), headers=_headers(settings)))
        return f"It knows {found.get('path_with_namespace') or self.describe(settings)}."

    def start(self, settings: Settings, order: Order) -> Progress:
        if order.dry_run:
            raise RunFailed(
                "A pipeline has no dry run.", fix="Give it a variable for that, and make a mitigation of it."
            )
        ref, given = order.inputs.get("ref", "main"), base.pairs(order.inputs.get("variables", ""), "variables")
        if settings.get("trigger_token"):
            form = {
                "token": str(settings["trigger_token"]),
                "ref": ref,
                **{f"variables[{k}]": v for k, v in given.items()},
            }
            answer = base.call(
                "POST", f"{_project(settings)}/trigger/pipeline", headers={}, content=urlencode(form).encode(),
                content_type="application/x-www-form-urlencoded", changes=True,
            )  # fmt: skip
        else:
            body = {"ref": ref, "variables": [{"key": key, "value": value} for key, value in given.items()]}
            answer = base.call(
                "POST", f"{_project(settings)}/pipeline", headers=_headers(settings), body=body, changes=True
            )
        found = base.read(answer, changed=True)
        pipeline = found.get("id")
        if not isinstance(pipeline, int):
            return Progress("unknown", "It was started, and GitLab did not say as which pipeline.")
        return Progress("running", "Started.", {"pipeline": pipeline}, _link(found))

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        pipeline = int(reference["pipeline"])
        url = f"{_project(settings)}/pipelines/{pipeline}"
        found = base.read(base.call("GET", url, headers=_headers(settings)))
        status, link = str(found.get("status", "")), _link(found)
        if status in _GOES_ON:
            return Progress("running", f"The pipeline is {status.replace('_', ' ')}.", dict(reference), link)
        if status == "manual":
            return Progress("running", "The pipeline waits for somebody to start a manual job.", dict(reference), link)
        if status == "success":
            return Progress("succeeded", "The pipeline succeeded.", dict(reference), link)
        return Progress("failed", f"The pipeline ended: {status}.{self._failed(settings, url)}", dict(reference), link)

    def _failed(self, settings: Settings, url: str) -> str:
        """Which jobs failed; how it ended is known without it."""
        try:
            answer = base.call("GET", f"{url}/jobs?scope[]=failed&per_page={_MOST_JOBS}", headers=_headers(settings))
            jobs = msgspec.json.decode(answer.body)
        except (RunFailed, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return ""
        names = [str(job.get("name")) for job in jobs if isinstance(job, dict)] if isinstance(jobs, list) else []
        return f" Failed: {', '.join(names[:_MOST_JOBS])}." if names else ""


def _project(settings: Settings) -> str:
    return f"{settings['url']}/api/v4/projects/{quote(str(settings['project']), safe='')}"


def _headers(settings: Settings) -> dict[str, str]:
    return {"PRIVATE-TOKEN": str(settings["token"])}


def _link(found: Mapping[str, Any]) -> str:
    link = str(found.get("web_url") or "")
    return link if link.startswith(("https://", "http://")) else ""


runner = GitLab()
