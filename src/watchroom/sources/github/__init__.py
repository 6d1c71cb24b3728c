"""GitHub Actions: a workflow that fails on a branch, until it succeeds there again.

https://docs.github.com/webhooks/webhook-events-and-payloads#workflow_run
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound
from ..webhook import Said, Signed, Webhook, alert, labels

_FAILED = {"failure", "timed_out", "startup_failure", "action_required"}


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One finished run. Other events, and runs of pull requests, open nothing."""
    run = said["workflow_run"]
    if inbound.headers.get("x-github-event") != "workflow_run" or said["action"].line() != "completed":
        return
    outcome = run["conclusion"].line(40)
    if run["event"].line() == "pull_request" or outcome not in {*_FAILED, "success"}:
        return
    repository = said["repository"]["full_name"].needed("send the event as GitHub does.")
    branch, name = run["head_branch"].line(), run["name"].line()
    number = run["workflow_id"].needed("send the event as GitHub does.")
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
        texts={"outcome": outcome, "commit": run["head_sha"].line(64)},
        link=run["html_url"].link(),
        since=run["run_started_at"].time(inbound.received_at),
    )


source = Webhook(
    "github",
    "GitHub Actions",
    "Workflows that fail, until they succeed again.",
    read,
    """\
In the repository or organisation: *Settings → Webhooks → Add webhook*. As payload URL

```text
ADDRESS
```

content type `application/json`, a secret that you also put into this integration's settings, and of the events only
**Workflow runs**. A failing run of a workflow on a branch fires; the next successful one there ends it. Runs of pull
requests open nothing. Route all of them by `kind="WorkflowFailed"`, some by `repository`, `workflow` or `branch`.
""",
    headers=("x-github-event",),
    signed=Signed("x-hub-signature-256", "sha256="),
)
