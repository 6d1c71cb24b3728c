"""`watchroom incident update|updates|draft`: what stakeholders are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from ..incidents.rules.voice import AUDIENCES, PARTS, filled
from .client import Api, api_command, given
from .durations import minutes
from .show import facts, table
from .wording import look_first

Words = dict[str, dict[str, str]]


def _other_words(_: click.Context, __: click.Parameter, values: Sequence[str]) -> Words | None:
    """``customers.impact=…`` of each, by audience."""
    found: Words = {}
    for value in values:
        name, has_text, text = value.partition("=")
        audience, _dot, part = name.strip().partition(".")
        if not has_text or audience not in AUDIENCES or part not in PARTS:
            raise click.BadParameter(
                f"{value!r}: write AUDIENCE.PART=TEXT with {', '.join(AUDIENCES)} and {', '.join(PARTS)}."
            )
        found.setdefault(audience, {})[part] = text
    return found or None


def _words(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of what is said."""
    for option in (
        click.option("--for", "wordings", multiple=True, callback=_other_words, metavar="AUDIENCE.PART=TEXT",
                     help="Other words for internal, customers or executives: --for customers.impact='You can't pay.'"),
        click.option("--template", help="Slug of a template, whose words stand where you say nothing."),
        click.option("--stage", help="investigating, identified, monitoring or resolved."),
        click.option("--doing", help="What we are doing."),
        click.option("--impact", help="Who notices what."),
        click.option("--happening", help="What is happening."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("id", type=int)
@_words
@click.option("--next", "next_update_in_minutes", callback=minutes, metavar="30m", help="The next one is due in.")
@click.option("--page", "pages", multiple=True, help="Slug of a status page that shows it.")
@click.option("--title", help="What strangers read above it.")
@click.option("--component", "components", multiple=True, metavar="NAME=STATE",
              help="How a component of these pages is: operational, degraded_performance, partial_outage, major_outage. "
              "Those that you don't name are not affected; without the option, what was said stays.")  # fmt: skip
@click.option("--list", "lists", multiple=True, help="Slug of a list to tell; without it, all that hear of it.")
@click.option("--corrects", type=int, help="Number of the update that this one puts right.")
@click.option("--from-draft", is_flag=True, help="What you leave out comes from the draft, which is then done.")
@click.option("--as-is", is_flag=True, help="Do not look at its wording first.")
@api_command
def update(
    api: Api, id: int, as_is: bool, from_draft: bool, template: str | None, components: Sequence[str], **fields: Any
) -> Any:
    """Publish an update."""
    said = {name: fields.pop(name) for name in ("stage", *PARTS, "wordings")}
    draft = api.get(f"/incidents/{id}/draft") if from_draft else None
    body = fields | _joined(said, draft, _template(api, id, template))
    if draft is not None:
        body["draft_version"] = draft["version"]
    if not body.get("happening"):
        raise click.UsageError("Say what is happening: --happening TEXT, --template SLUG or --from-draft.")
    if components:
        body["impacts"] = _impacts(api, fields["pages"], components)
    if not as_is:
        look_first(api, *_texts(body))
    return api.post(f"/incidents/{id}/updates", **body), f"Published an update on incident {id}."


@click.command()
@click.argument("id", type=int)
@api_command
def updates(api: Api, id: int) -> Any:
    """What stakeholders were told, the newest first."""
    columns = ("id", "published_at", "stage", "happening", "impact", "doing", "corrects", "next_update_at")
    return api.get(f"/incidents/{id}/updates"), table(*columns, empty="Nothing was published yet.")


@click.command()
@click.argument("id", type=int)
@_words
@click.option("--version", type=int, help="The version that you have read; left out: there is none yet.")
@click.option("--discard", is_flag=True, help="Throw it away.")
@api_command
def draft(api: Api, id: int, version: int | None, discard: bool, template: str | None, **said: Any) -> Any:
    """Show the next update as far as it is written, or write at it.

    There is one for all. What you don't name stays as it is in the version that you have read; if somebody has saved
    another one since, nothing is saved."""
    there = api.get(f"/incidents/{id}/draft")
    if discard:
        api.call("DELETE", f"/incidents/{id}/draft", version=there["version"] if version is None else version)
        return None, "The draft is gone."
    if not (template or given(said)):
        return there, facts
    read = there if there["version"] == version else None
    body = _joined(said, read, _template(api, id, template)) | {"version": version or 0}
    look_first(api, *_texts(body))
    answer = api.call("PUT", f"/incidents/{id}/draft", body)
    return answer, f"Saved as version {answer['version']}."


def _joined(said: dict[str, Any], *sources: dict[str, Any] | None) -> dict[str, Any]:
    """What was said; where nothing was, what the first of ``sources`` says that says something. Words for audiences are
    joined part by part."""
    body: dict[str, Any] = {}
    for source in (said, *sources):
        for name in ("stage", *PARTS):
            if source and source.get(name) and name not in body:
                body[name] = source[name]
        for audience, parts in ((source or {}).get("wordings") or {}).items():
            own = body.setdefault("wordings", {}).setdefault(audience, {})
            own |= {part: text for part, text in parts.items() if part not in own}
    return body


def _template(api: Api, id: int, slug: str | None) -> dict[str, Any] | None:
    """A template's words with the incident's facts put in, as an update is written."""
    if not slug:
        return None
    row, incident = api.get(f"/update-templates/{slug}"), api.get(f"/incidents/{id}")
    known = {
        "title": incident["title"],
        "severity": f"SEV{incident['severity']}",
        "impact": incident["impact"],
        "services": ", ".join(api.get(f"/services/{slug}")["name"] for slug in incident["services"])
        or "One of our services",
    }
    texts = {part: filled(row[part], known) for part in PARTS if row[part]}
    return {"stage": row["stage"], **({"wordings": {row["audience"]: texts}} if row["audience"] else texts)}


def _impacts(api: Api, pages: Sequence[str], components: Sequence[str]) -> dict[int, str]:
    """States by component id, of components named as on their pages."""
    known: dict[str, list[int]] = {}
    for slug in pages:
        for each in api.get(f"/status-pages/{slug}")["components"]:
            known.setdefault(each["name"].casefold(), []).append(each["id"])
    found: dict[int, str] = {}
    for value in components:
        name, _, state = value.rpartition("=")
        ids = known.get(name.strip().casefold())
        if not ids:
            raise click.UsageError(
                f"{value!r}: none of the pages has such a component. Write NAME=STATE, and name --page."
            )
        found |= dict.fromkeys(ids, state.strip())
    return found


def _texts(body: dict[str, Any]) -> list[str]:
    others = [text for parts in body.get("wordings", {}).values() for text in parts.values()]
    return [*(body.get(part, "") for part in PARTS), *others]


commands = [update, updates, draft]
