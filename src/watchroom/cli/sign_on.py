"""Commands for single sign-on: identity providers by SAML, and what their groups give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .client import Api, api_command
from .show import facts, table

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("identity-providers")
@click.option("--cursor", help="From the page before.")
@api_command
def identity_providers(api: Api, cursor: str | None) -> Any:
    """List a company's own ways to sign in, by SAML."""
    columns = ("slug", "name", "enabled", "adds_people", "entity_id", "error")
    return api.get("/identity-providers", cursor=cursor), table(*columns)


@click.group("identity-provider")
def identity_provider() -> None:
    """Sign-in by a company's own identity provider (SAML 2.0)."""


def _body(metadata: Path | None, certificates: tuple[Path, ...], fields: dict[str, Any]) -> dict[str, Any]:
    any_domain, domains = fields.pop("any_domain"), list(fields.pop("domains"))
    said = {name: value for name, value in fields.items() if value is not None}
    if any_domain or domains:
        said["domains"] = domains
    if metadata is not None:
        said["metadata"] = metadata.read_text(encoding="utf-8")
    if certificates:
        said["certificates"] = [each.read_text(encoding="utf-8") for each in certificates]
    return said


def _options(command: Any) -> Any:
    for option in (
        click.option("--metadata-url", help="Where its metadata lie; read at once, and once a day."),
        click.option("--metadata", type=_FILE, help="Its metadata, an XML file."),
        click.option("--entity-id", help="By hand: what it calls itself."),
        click.option("--sso-url", help="By hand: where it signs people in (HTTP-Redirect)."),
        click.option("--certificate", "certificates", type=_FILE, multiple=True, help="By hand: a PEM file."),
        click.option(
            "--domain", "domains", multiple=True, help="It may speak for addresses of this domain; several times."
        ),
        click.option("--any-domain", is_flag=True, help="It may speak for every address."),
        click.option("--adds-people/--adds-nobody", default=None, help="Whether strangers become viewers."),
        click.option("--unasked/--only-asked", default=None, help="Whether it may begin on the provider's pages."),
        click.option("--email-attribute", help="Empty: one of the usual ones."),
        click.option("--name-attribute", help="Empty: one of the usual ones."),
        click.option("--groups-attribute", help="Empty: one of the usual ones."),
    ):
        command = option(command)
    return command


@identity_provider.command("create")
@click.argument("name")
@click.option("--slug", help="Left out, it is made of the name. It stands in addresses, and never changes.")
@_options
@api_command
def create(api: Api, metadata: Path | None, certificates: tuple[Path, ...], **fields: Any) -> Any:
    """Set one up, switched off. It prints the addresses that the provider has to be given."""
    return api.post("/identity-providers", **_body(metadata, certificates, fields)), facts


@identity_provider.command("show")
@click.argument("slug")
@api_command
def show(api: Api, slug: str) -> Any:
    """One provider, with what it has to be given."""
    return api.get(f"/identity-providers/{slug}"), facts


@identity_provider.command("change")
@click.argument("slug")
@click.option("--name")
@_options
@api_command
def change(
    api: Api, slug: str, name: str | None, metadata: Path | None, certificates: tuple[Path, ...], **fields: Any
) -> Any:
    """Change one. What is left out stays as it is."""
    name = name or api.get(f"/identity-providers/{slug}")["name"]
    return api.call(
        "PUT", f"/identity-providers/{slug}", _body(metadata, certificates, {"name": name, **fields})
    ), facts


def _switched(api: Api, slug: str, on: bool) -> Any:
    name = api.get(f"/identity-providers/{slug}")["name"]
    return api.call("PUT", f"/identity-providers/{slug}", {"name": name, "enabled": on}), facts


@identity_provider.command("on")
@click.argument("slug")
@api_command
def on(api: Api, slug: str) -> Any:
    """Let people in by it. Press Try it on its page before."""
    return _switched(api, slug, True)


@identity_provider.command("off")
@click.argument("slug")
@api_command
def off(api: Api, slug: str) -> Any:
    """Let nobody in by it any more; passwords go on working."""
    return _switched(api, slug, False)


@identity_provider.command("read-again")
@click.argument("slug")
@api_command
def read_again(api: Api, slug: str) -> Any:
    """Take over a certificate that was exchanged; it happens by itself once a day."""
    return api.post(f"/identity-providers/{slug}/read-again"), facts


@identity_provider.command("delete")
@click.argument("slug")
@api_command
def delete(api: Api, slug: str) -> Any:
    """Delete one. People and their passwords stay."""
    return api.call("DELETE", f"/identity-providers/{slug}"), f"Deleted {slug}."


@click.group("single-sign-on-only")
def only() -> None:
    """Whether providers are the only way in, but for administrators."""


@only.command("show")
@api_command
def only_show(api: Api) -> Any:
    """Whether it is switched on, and whether it holds: it does while a provider is switched on."""
    return api.get("/single-sign-on-only"), facts


@only.command("on")
@api_command
def only_on(api: Api) -> Any:
    """No passwords, passkeys or sign-up any more. An administrator has to have come in by a provider before."""
    return api.call("PUT", "/single-sign-on-only", {"on": True}), facts


@only.command("off")
@api_command
def only_off(api: Api) -> Any:
    """Passwords work again, also where nobody comes in any more: on the machine itself this needs no token."""
    return api.call("PUT", "/single-sign-on-only", {"on": False}), facts


@click.command("group-grants")
@click.option("--cursor", help="From the page before.")
@api_command
def group_grants(api: Api, cursor: str | None) -> Any:
    """List what being in a group of an identity provider gives."""
    return api.get("/group-grants", cursor=cursor), table("id", "group", "team", "role")


@click.group("group-grant")
def group_grant() -> None:
    """What being in a group of an identity provider gives."""


@group_grant.command("add")
@click.argument("group")
@click.option("--role", required=True, type=click.Choice(["viewer", "responder", "manager", "administrator"]))
@click.option("--team", help="Slug. Left out, the role holds everywhere.")
@api_command
def add(api: Api, **fields: Any) -> Any:
    """Give whoever is in a group a role, from their next sign-in on."""
    return api.post("/group-grants", **fields), facts


@group_grant.command("delete")
@click.argument("id", type=int)
@api_command
def delete_grant(api: Api, id: int) -> Any:
    """The group gives this no more."""
    return api.call("DELETE", f"/group-grants/{id}"), "Deleted."


commands = [identity_providers, identity_provider, only, group_grants, group_grant]
