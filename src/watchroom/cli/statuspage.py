"""`watchroom statuspage` and `watchroom stakeholders`: what strangers and stakeholders are told."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click

from ..kernel.errors import Refused
from ..kernel.numbers import whole
from .client import Api, api_command
from .show import facts, table

STATES = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")


@click.group()
def statuspage() -> None:
    """Status pages: what strangers are told."""


@statuspage.command("list")
@click.option("--cursor")
@api_command
def list_(api: Api, **query: Any) -> Any:
    """List status pages."""
    return api.get("/status-pages", **query), table(
        "slug", "name", "team", "public", "address", empty="No status page."
    )


@statuspage.command()
@click.argument("slug")
@api_command
def show(api: Api, slug: str) -> Any:
    """Show one, with its components."""
    return api.get(f"/status-pages/{slug}"), _show


def _show(answer: Any) -> None:
    facts({name: value for name, value in answer.items() if name != "components"})
    table("id", "name", "group", "asserted", "automatic", "seen", "seen_reason", empty="No components.")(
        answer["components"]
    )


@statuspage.command()
@click.argument("slug")
@click.argument("component")
@click.argument("state", type=click.Choice(STATES))
@api_command
def state(api: Api, slug: str, component: str, state: str) -> Any:
    """Say how a component (its name or id) is; the same accepts what is proposed."""
    page = api.get(f"/status-pages/{slug}")
    found = next((each for each in page["components"] if component in {each["name"], str(each["id"])}), None)
    if found is None:
        names = ", ".join(each["name"] for each in page["components"])
        raise Refused(f"There is no component {component!r} on this page.", fix=f"Use one of {names}.")
    answer = api.call("PUT", f"/status-pages/{slug}/components/{found['id']}", {"state": state})
    return answer, f"{found['name']} is {state.replace('_', ' ')}."


@statuspage.command()
@click.argument("slug")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@api_command
def logo(api: Api, slug: str, file: Path | None) -> Any:
    """Set the picture on top (PNG, JPEG, GIF, WebP); without FILE it goes."""
    data = base64.b64encode(file.read_bytes()).decode() if file else ""
    return api.call("PUT", f"/status-pages/{slug}/logo", {"data": data}), "Done."


@statuspage.command()
@click.argument("slug")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--private", is_flag=True, help="Also a page that is not public: everybody who has the files can read it."
)
def export(slug: str, directory: Path, private: bool) -> None:
    """Write a page as files that any web server can serve."""
    import os

    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")
    if not apps.ready:
        django.setup()
    from ..status.models import StatusPage
    from ..status.public.copies import write

    page = StatusPage.objects.filter(slug=slug).first()
    if page is None:
        raise Refused(
            f"There is no status page {slug!r}.", field="slug", value=slug, fix="See `watchroom statuspage list`."
        )
    if not page.public and not private:
        raise Refused(
            "This page is not public, and its files would be.",
            field="slug",
            value=slug,
            fix="Use --private if you mean it.",
        )
    written = write(page, directory)
    click.echo(f"Wrote {len(written)} files to {directory}.")


@statuspage.command()
@click.argument("slug")
@click.option("--endpoint", help="For example https://s3.eu-central-1.amazonaws.com.")
@click.option("--bucket")
@click.option("--region")
@click.option("--prefix", help="Folder.")
@click.option("--access-key", envvar="AWS_ACCESS_KEY_ID", help="Or AWS_ACCESS_KEY_ID.")
@click.option("--secret-key", envvar="AWS_SECRET_ACCESS_KEY", help="Or AWS_SECRET_ACCESS_KEY.")
@click.option("--remove", is_flag=True, help="Copy it no more.")
@api_command
def copies(api: Api, slug: str, remove: bool, **fields: Any) -> Any:
    """Show where a page is copied to, or set it: S3-compatible storage, renewed on each change."""
    path = f"/status-pages/{slug}/copies"
    if remove:
        return api.call("DELETE", path), "It is copied no more."
    if fields["endpoint"] or fields["bucket"]:
        return api.call("PUT", path, {name: value for name, value in fields.items() if value is not None}), facts
    return api.get(path), facts


@statuspage.command()
@click.argument("slug")
@click.option("--cursor")
@api_command
def subscribers(api: Api, slug: str, **query: Any) -> Any:
    """List who asked to be told."""
    columns = ("id", "kind", "hint", "state", "components", "asked_at")
    return api.get(f"/status-pages/{slug}/subscribers", **query), table(*columns, empty="Nobody yet.")


@statuspage.command()
@click.argument("slug")
@click.argument("id", type=int)
@api_command
def unsubscribe(api: Api, slug: str, id: int) -> Any:
    """Take a subscriber off; nothing of the address is kept."""
    return api.call("DELETE", f"/status-pages/{slug}/subscribers/{id}"), f"Subscriber {id} is removed."


@statuspage.group()
def maintenance() -> None:
    """Scheduled maintenance."""


@maintenance.command("list")
@click.argument("slug")
@click.option("--cursor")
@api_command
def list_maintenance(api: Api, slug: str, **query: Any) -> Any:
    """List maintenance of a page."""
    columns = ("id", "stage", "title", "starts_at", "ends_at", "components")
    return api.get(f"/status-pages/{slug}/maintenance", **query), table(*columns, empty="Nothing is planned.")


@maintenance.command()
@click.argument("slug")
@click.argument("title")
@click.option("--from", "starts_at", required=True, metavar="TIME", help="2026-03-02T22:00:00Z.")
@click.option("--until", "ends_at", required=True, metavar="TIME")
@click.option("--component", "components", multiple=True, help="Its name or id.")
@click.option("--text", default="", help="What readers should know.")
@click.option("--hold-alerts", is_flag=True, help="Alerts of the components' services page nobody meanwhile.")
@click.option("--repeats", default="", help='Again and again: "FREQ=WEEKLY;BYDAY=TU", "FREQ=MONTHLY;BYDAY=-1SU".')
@click.option("--timezone", default="", help="By whose clocks it repeats; without it, the page's.")
@api_command
def schedule(api: Api, slug: str, components: tuple[str, ...], **fields: Any) -> Any:
    """Announce planned work."""
    chosen = [each if (number := whole(each)) is None else number for each in components]
    answer = api.call("POST", f"/status-pages/{slug}/maintenance", fields | {"components": chosen})
    return answer, f"Maintenance {answer['id']} is announced."


@maintenance.command()
@click.argument("slug")
@click.argument("id", type=int)
@click.argument("text")
@api_command
def note(api: Api, slug: str, id: int, text: str) -> Any:
    """Say how it goes."""
    return api.call("POST", f"/status-pages/{slug}/maintenance/{id}/notes", {"text": text}), "Said."


@maintenance.command()
@click.argument("slug")
@click.argument("id", type=int)
@click.option("--text", default="")
@click.option("--for-good", is_flag=True, help="Of what repeats: nothing follows.")
@api_command
def end(api: Api, slug: str, id: int, **fields: Any) -> Any:
    """It is done; before its beginning it is called off. Of what repeats this occurrence only."""
    answer = api.call("POST", f"/status-pages/{slug}/maintenance/{id}/end", fields)
    return answer, f"Maintenance {id} is {answer['stage']}."


@click.group()
def stakeholders() -> None:
    """Lists of stakeholders, who hear every update."""


@stakeholders.command("list")
@click.option("--cursor")
@api_command
def list_lists(api: Api, **query: Any) -> Any:
    """List them."""
    columns = ("slug", "name", "team", "audience", "least_severity", "every_team")
    return api.get("/stakeholder-lists", **query), table(*columns, empty="No lists.")


@stakeholders.command("show")
@click.argument("slug")
@api_command
def show_list(api: Api, slug: str) -> Any:
    """Show one, with its addresses."""

    def shown(answer: Any) -> None:
        facts({name: value for name, value in answer.items() if name != "recipients"})
        table("id", "channel", "description", empty="No addresses.")(answer["recipients"] or [])

    return api.get(f"/stakeholder-lists/{slug}"), shown


@stakeholders.command()
@click.argument("slug")
@click.argument("channel")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="What the channel asks for: address=a@b.org."
)
@api_command
def add(api: Api, slug: str, channel: str, settings: tuple[str, ...]) -> Any:
    """Put an address onto a list."""
    row = api.get(f"/stakeholder-lists/{slug}")
    given = dict(each.partition("=")[::2] for each in settings)
    recipients = [{"id": each["id"]} for each in row["recipients"] or []]
    recipients.append({"channel": channel, "settings": given})
    body = {name: row[name] for name in ("name", "team", "audience", "least_severity", "every_team")}
    answer = api.call("PUT", f"/stakeholder-lists/{slug}", body | {"recipients": recipients})
    return answer, "Added."


@stakeholders.command()
@click.argument("slug")
@click.argument("id", type=int)
@api_command
def remove(api: Api, slug: str, id: int) -> Any:
    """Take an address off a list."""
    row = api.get(f"/stakeholder-lists/{slug}")
    recipients = [{"id": each["id"]} for each in row["recipients"] or [] if each["id"] != id]
    body = {name: row[name] for name in ("name", "team", "audience", "least_severity", "every_team")}
    answer = api.call("PUT", f"/stakeholder-lists/{slug}", body | {"recipients": recipients})
    return answer, "Removed."


@stakeholders.command()
@click.argument("incident", type=int)
@click.option("--cursor")
@api_command
def told(api: Api, incident: int, **query: Any) -> Any:
    """What came of each message about an incident."""
    columns = ("id", "update", "to", "address", "state", "due_at")
    return api.get(f"/incidents/{incident}/deliveries", **query), table(*columns, empty="Nobody was told yet.")


commands = [statuspage, stakeholders]
