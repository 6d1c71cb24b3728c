"""Commands for mitigations, and for what carries them out."""

from __future__ import annotations

from typing import Any

import click

from .asking import ask_secret, value_option
from .client import Api, api_command
from .evidence import pairs
from .show import facts, table, tried
from .together import together

_what_it_is = together(
    click.option("--kind", help="roll_back, disable, fail_over, scale_up, restart, drain, block or other."),
    click.option("--risk", type=click.Choice(["low", "medium", "high"])),
    click.option("--undo", help="How to undo it."),
    click.option("--check", "check_text", help="How to see that it worked."),
    click.option("--indicator", help="Name of an indicator of the service: looked at before and after."),
    click.option(
        "--input", "given", multiple=True, metavar="NAME=VALUE", help="What the runner shall do; see `runner kinds`."
    ),
    click.option(
        "--timeout", "timeout_seconds", type=click.IntRange(10, 86_400), help="Seconds; after it somebody has to look."
    ),
    click.option("--needs-approval/--needs-no-approval", default=None, help="A second person approves it first."),
    click.option("--managers-only/--for-responders", default=None, help="Who may run and approve it."),
)
_secretly = together(
    click.option(
        "--secret", "secrets", multiple=True, metavar="NAME", help="Is asked for (or read from standard input)."
    ),
    click.option(
        "--file", "files", multiple=True, metavar="NAME=FILE", help="What a file says, such as kubeconfig=prod.yaml."
    ),
)


@click.group()
def mitigation() -> None:
    """Mitigations: the catalog, and what is tried in an incident."""


@mitigation.command("list")
@click.option("--team", help="Slug.")
@click.option("--service", help="Slug.")
@click.option("--cursor")
@api_command
def list_mitigations(api: Api, **query: Any) -> Any:
    """The catalog."""
    columns = ("slug", "name", "kind", "risk", "team", "service")
    return api.get("/mitigations", **query), table(*columns, empty="No mitigations.")


@mitigation.command("create")
@click.argument("name")
@click.option("--team", required=True, help="Slug.")
@click.option("--how", required=True, help="Step by step, for somebody without deep knowledge.")
@click.option("--service", help="Slug.")
@click.option("--runner", help="Slug of what carries it out.")
@_what_it_is
@click.option("--slug", help="Left out, it is made of the name.")
@api_command
def create_mitigation(api: Api, given: tuple[str, ...], **fields: Any) -> Any:
    """Add one to the catalog:
    `watchroom mitigation create "Restart web" --team shop --how "…" --runner prod --input name=web`."""
    said = {key: value for key, value in fields.items() if value is not None}
    return api.post("/mitigations", inputs=pairs(given), **said), facts


@mitigation.command("show")
@click.argument("slug")
@api_command
def show_mitigation(api: Api, slug: str) -> Any:
    """Show one of the catalog."""
    return api.get(f"/mitigations/{slug}"), facts


@mitigation.command("change")
@click.argument("slug")
@click.option("--name")
@click.option("--team", help="Slug.")
@click.option("--how", help="Step by step, for somebody without deep knowledge.")
@click.option("--service", help="Slug; empty: any.")
@click.option("--runner", help="Slug of what carries it out; empty: somebody, by hand.")
@_what_it_is
@api_command
def change_mitigation(api: Api, slug: str, given: tuple[str, ...], **fields: Any) -> Any:
    """Change one of the catalog. What is left out stays; `--input NAME=` takes an input away."""
    now = api.get(f"/mitigations/{slug}")
    body = now | {key: value for key, value in fields.items() if value is not None}
    body |= {key: body[key] or None for key in ("service", "indicator", "runner")}
    # Another runner is told other things.
    inputs = (now["inputs"] if body["runner"] == now["runner"] else {}) | pairs(given)
    body["inputs"] = {key: value for key, value in inputs.items() if value != ""}
    return api.call("PUT", f"/mitigations/{slug}", body), facts


@mitigation.command("delete")
@click.argument("slug")
@api_command
def delete_mitigation(api: Api, slug: str) -> Any:
    """Remove one from the catalog; its runs stay in their incidents."""
    return api.call("DELETE", f"/mitigations/{slug}"), f"{slug} is removed."


@mitigation.command()
@click.argument("incident", type=int)
@click.option("--mitigation", help="Slug of one from the catalog.")
@click.option("--title", help="Of one's own: what is being done.")
@click.option("--kind")
@api_command
def start(api: Api, incident: int, **fields: Any) -> Any:
    """Start a mitigation in an incident."""
    answer = api.post(f"/incidents/{incident}/mitigations", **fields)
    return answer, f"Started run {answer['id']}: {answer['title']}."


@mitigation.command()
@click.argument("run", type=int)
@click.option("--outcome", required=True, help="worked, partly, no_effect or worse.")
@click.option("--note")
@api_command
def finish(api: Api, run: int, **fields: Any) -> Any:
    """Record how it went."""
    return api.post(f"/mitigation-runs/{run}/finish", **fields), f"Run {run} is finished."


@mitigation.command()
@click.argument("run", type=int)
@api_command
def run(api: Api, run: int) -> Any:
    """How far a run is, and what the other side said."""
    found = api.get(f"/mitigation-runs/{run}")
    return found, facts


@mitigation.command()
@click.argument("run", type=int)
@click.argument("step", type=click.IntRange(1, 99))
@click.option("--undo", is_flag=True, help="It is not done after all.")
@api_command
def tick(api: Api, run: int, step: int, undo: bool) -> Any:
    """Tick off a step of a run that is done by hand. `watchroom mitigation run RUN` shows its steps."""
    answer = api.post(f"/mitigation-runs/{run}/steps/{step}", done=not undo)
    left = sum(each["done_at"] is None for each in answer["steps"])
    return answer, f"Step {step} is {'open again' if undo else 'done'}; {left} left."


@mitigation.command()
@click.argument("run", type=int)
@api_command
def approve(api: Api, run: int) -> Any:
    """Approve a run that waits for a second person; it is carried out."""
    return api.post(f"/mitigation-runs/{run}/decide", approve=True), f"Run {run} is approved."


@mitigation.command()
@click.argument("run", type=int)
@api_command
def decline(api: Api, run: int) -> Any:
    """Decline a run that waits for a second person."""
    return api.post(f"/mitigation-runs/{run}/decide", approve=False), f"Run {run} is declined."


@mitigation.command()
@click.argument("incident", type=int)
@api_command
def offered(api: Api, incident: int) -> Any:
    """What can stop the bleeding in an incident, the best guess first."""
    columns = ("slug", "name", "risk", "runner", "reason")
    return api.get(f"/incidents/{incident}/mitigations/offered"), table(*columns, empty="Nothing in the catalog fits.")


@mitigation.command("dry-run")
@click.argument("slug")
@api_command
def dry_run(api: Api, slug: str) -> Any:
    """Ask the target whether it would do it; changes nothing."""
    answer = api.call("POST", f"/mitigations/{slug}/dry-run")
    return answer, answer["text"]


@click.group()
def runner() -> None:
    """What carries mitigations out: clusters, workflows, programs."""


@runner.command("list")
@click.option("--cursor")
@api_command
def list_runners(api: Api, **query: Any) -> Any:
    """Runners, without their secrets."""
    return api.get("/runners", **query), table("slug", "name", "kind", "team", empty="No runners.")


@runner.command("kinds")
@api_command
def kinds(api: Api) -> Any:
    """Kinds of runners, and what each is told."""
    return api.get("/runners/kinds"), table("kind", "label", "summary")


@runner.command("create")
@click.argument("name")
@click.option("--kind", required=True, help="Such as kubernetes; see `runner kinds`.")
@click.option("--team", required=True, help="Slug.")
@click.option("--slug", default="", help="Left out, it is made of the name.")
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="Such as repository=acme/shop.")
@_secretly
@api_command
def create_runner(
    api: Api, settings: tuple[str, ...], secrets: tuple[str, ...], files: tuple[str, ...], **fields: Any
) -> Any:
    """Add what carries mitigations out:
    `watchroom runner create Production --kind kubernetes --team shop --file kubeconfig=prod.yaml`."""
    return api.post("/runners", settings=_said(settings, secrets, files), **fields), facts


@runner.command("show")
@click.argument("slug")
@api_command
def show_runner(api: Api, slug: str) -> Any:
    """Show a runner, without its secrets."""
    return api.get(f"/runners/{slug}"), facts


@runner.command("change")
@click.argument("slug")
@click.option("--name")
@click.option("--team", help="Slug.")
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="NAME= takes it away.")
@_secretly
@api_command
def change_runner(
    api: Api, slug: str, settings: tuple[str, ...], secrets: tuple[str, ...], files: tuple[str, ...], **fields: Any
) -> Any:
    """Change a runner. What is left out stays; with a new address, secrets must be given again."""
    now = api.get(f"/runners/{slug}")
    said = now["settings"] | _said(settings, secrets, files)
    body = now | {key: value for key, value in fields.items() if value is not None}
    body["settings"] = {key: value for key, value in said.items() if value != ""}
    return api.call("PUT", f"/runners/{slug}", body), facts


@runner.command("secret")
@click.argument("slug")
@click.argument("name")
@value_option
@api_command
def secret(api: Api, slug: str, name: str, value: str) -> Any:
    """Set a secret of a runner, such as its token."""
    now = api.get(f"/runners/{slug}")
    body = now | {"settings": {**now["settings"], name: value}}
    return api.call("PUT", f"/runners/{slug}", body), f"The {name} of {slug} is set."


@runner.command("delete")
@click.argument("slug")
@api_command
def delete_runner(api: Api, slug: str) -> Any:
    """Remove a runner; refused while mitigations use it."""
    return api.call("DELETE", f"/runners/{slug}"), f"{slug} is removed."


@runner.command("try")
@click.argument("slug")
@api_command
def try_(api: Api, slug: str) -> Any:
    """Ask the other side something small that changes nothing."""
    return api.call("POST", f"/runners/{slug}/try"), tried


def _said(settings: tuple[str, ...], secrets: tuple[str, ...], files: tuple[str, ...]) -> dict[str, str]:
    """What was given for a runner's settings, in whichever way."""
    said = pairs(settings)
    for name, place in pairs(files).items():
        with click.open_file(place) as file:
            said[name] = file.read()
    return said | {name: ask_secret(name) for name in secrets}


commands = [mitigation, runner]
