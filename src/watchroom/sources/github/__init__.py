"""GitHub: a workflow that fails on a branch, a deployment that fails, each until it succeeds there again; and what was deployed.

https://docs.github.com/webhooks/webhook-events-and-payloads#workflow_run
https://docs.github.com/webhooks/webhook-events-and-payloads#deployment_status
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import ChangeSaid, Draft, Inbound
from ..webhook import Said, Signed, Unusable, Webhook, alert, is_form, json_of, labels, notes

_FAILED = {"failure", "timed_out", "startup_failure", "action_required"}
_FIX = "send the event as GitHub does."


def read(said: Said, inbound: Inbound) -> Iterable[Draft | ChangeSaid]:
    """One finished run, or one outcome of a deployment. Other events, and runs for pull requests, open nothing."""
    if is_form(inbound):  # what GitHub proposes as content type; the event is then one of its fields
        said = Said(json_of(str(said["payload"].value or "").encode()))
        if not isinstance(said.value, dict):
            raise Unusable("payload", said.value, _FIX)
    match inbound.headers.get("x-github-event"), said["action"].line():
        case "workflow_run", "completed":
            yield from _run(said, inbound)
        case "deployment_status", "created":
            yield from _deployment(said, inbound)


def _run(said: Said, inbound: Inbound) -> Iterable[Draft]:
    run = said["workflow_run"]
    outcome = run["conclusion"].line(40)
    if run["event"].line().startswith("pull_request") or outcome not in {*_FAILED, "success"}:
        return
    repository = said["repository"]["full_name"].needed(_FIX)
    number = run["workflow_id"].needed(_FIX)
    branch, name = run["head_branch"].line(), run["name"].line() or said["workflow"]["name"].line()
    yield alert(
        inbound,
        f"{repository}:{number}:{branch}",
        f"{name or 'A workflow'} fails on {branch} of {repository}",
        over=outcome == "success",
        severity="error",
        named=labels(
            alertname=f"{repository}: {name or number}",
            kind="WorkflowFailed",
            repository=repository,
            workflow=name,
            branch=branch,
        ),
        texts=notes(
            outcome=outcome,
            commit=run["head_sha"],
            run=run["display_title"],
            author=run["triggering_actor"]["login"] if run["triggering_actor"] else run["actor"]["login"],
        ),
        link=run["html_url"].link(),
        since=run["run_started_at"].time(inbound.received_at),
    )


def _deployment(said: Said, inbound: Inbound) -> Iterable[Draft | ChangeSaid]:
    """States on the way (queued, in progress) are no outcome. ``inactive`` is one where an environment is taken down; to
    production an older deployment becomes it too, while the newest one fails. A preview is nobody's to get up for."""
    status, deployment = said["deployment_status"], said["deployment"]
    state = status["state"].line(40)
    preview = deployment["transient_environment"].value is True
    passing = preview or deployment["production_environment"].value is False
    over = state == "success" or (state == "inactive" and passing)
    if not over and (preview or state not in ("failure", "error")):
        return
    repository = said["repository"]["full_name"].needed(_FIX)
    number = deployment["id"].needed(_FIX)
    place = status["environment"].line() or deployment["environment"].line() or "production"
    links = [status[name].link() for name in ("log_url", "target_url", "environment_url") if status[name].link()]
    link = links[0] if links else said["repository"]["html_url"].link()
    at = status["created_at"].time(inbound.received_at)
    yield alert(
        inbound,
        f"{repository}:deploy:{place}",
        f"The deployment of {repository} to {place} failed",
        over=over,
        severity="error",
        named=labels(
            alertname=f"{repository}: deployment to {place}",
            kind="DeploymentFailed",
            repository=repository,
            environment=place,
        ),
        texts=notes(outcome=state, commit=deployment["sha"], description=status["description"]),
        link=link,
        since=at,
        until=at,
    )
    if state == "success" and not preview:
        yield ChangeSaid(
            title=f"{deployment['ref'].line(100) or 'A version'} of {repository} to {place}"[:200],
            at=at,
            key=f"github:{number}",
            link=link if len(link) <= 1000 else "",
            author=deployment["creator"]["login"].line(100),
            version=deployment["sha"].text(12),
            source="GitHub",
            service=said["repository"]["name"].line(100),
        )


source = Webhook(
    "github",
    "GitHub",
    "Workflows of GitHub Actions and deployments that fail, until they succeed again; and what was deployed.",
    read,
    """\
In the repository or organisation: *Settings → Webhooks → Add webhook*. As payload URL

```text
ADDRESS
```

content type `application/json` (the other one is read, too), a secret that you also put into this integration's settings, and of the
events **Workflow runs** and, if you deploy through GitHub, **Deployment statuses**.

A failing run of a workflow on a branch fires; the next successful one there ends it. Runs for pull requests open nothing. Route all
of them by `kind="WorkflowFailed"`, some by `repository`, `workflow` or `branch`.

A failing deployment to an environment fires (`kind="DeploymentFailed"`) until one succeeds there or, where it is not production,
one there becomes inactive. Previews (`transient_environment`) open nothing. A deployment that succeeded is a change of the service
that has the repository's name as its short name, or else of this integration's service: give it one.
""",
    headers=("x-github-event",),
    signed=Signed("x-hub-signature-256", "sha256="),
    forms=True,
)
