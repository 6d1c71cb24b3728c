"""Runners: saved, tried, deleted."""

from __future__ import annotations

from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel import asked
from ...kernel.checks import written
from ...kernel.errors import Conflict, Refused
from ...kernel.names import only_one, short_name
from ...kernel.plugins import one_of
from ...runners.base import Runner as Plugin
from ..models import Runner

GROUP = "watchroom.runners"


def merged(kind: str, given: dict[str, Any], before: dict[str, Any], *, secrets_follow: bool = False) -> dict[str, Any]:
    """``given`` settings, checked; a secret that is not given stays what it was while the address stays the same.

    ``secrets_follow``: those that are needed and missing are set later; until then it carries nothing out.

    :raises Refused: an unknown kind or a setting that is not accepted.
    """
    plugin: Plugin = one_of(GROUP, kind)
    filled = asked.with_kept_secrets(plugin.fields, given, before)
    needed = [each.name for each in plugin.fields if each.secret and each.required and not filled.get(each.name)]
    later = [name for name in needed if name not in asked.replaced_by(plugin.fields, filled)]
    if not secrets_follow or not later:
        return plugin.check(filled)
    checked = plugin.check(filled | dict.fromkeys(later, "set later, not a secret yet"))
    return {name: value for name, value in checked.items() if name not in later}


def missing_secret(runner: Runner) -> str:
    """The label of a secret that it needs and has not been told; empty: it has all."""
    plugin: Plugin = one_of(GROUP, runner.kind)
    return next(iter(asked.missing([each for each in plugin.fields if each.secret], runner.settings)), "")


def save_runner(
    by: Actor,
    runner: Runner | None,
    *,
    team: Team,
    kind: str,
    name: str,
    slug: str = "",
    settings: dict[str, Any],
    secrets_follow: bool = False,
) -> Runner:
    """Let Watchroom carry things out somewhere, or change how.

    :raises Refused: no name, an unknown kind, or settings that its plugin does not accept.
    :raises Conflict: another runner has this slug.
    """
    name = written(name, "A runner needs a name", 100, field="name", fix="For example “Production cluster”.")
    runner = runner or Runner()
    created = runner.pk is None
    by.require(Action.MANAGE, team)
    if not created:
        by.require(Action.MANAGE, runner.team)
        if runner.kind != kind:
            raise Refused("The kind of a runner can't be changed.", field="kind", value=kind, fix="Make a new one.")
    checked = merged(kind, settings, {} if created else runner.settings, secrets_follow=secrets_follow)
    slug = short_name(slug, before=runner.slug, name=name, otherwise="runner", among=Runner.objects)
    verb = "runner.created" if created else "runner.changed"
    with change(by, verb, runner, needs=Action.MANAGE, team=team) as made:
        runner.team, runner.kind, runner.name, runner.slug, runner.settings = team, kind, name, slug, checked
        with only_one("runner", slug=slug):
            runner.save()
        made.note(kind=kind, slug=slug)
        made.touch("runners")
    return runner


def delete_runner(by: Actor, runner: Runner) -> None:
    """Carry nothing out there any more.

    :raises Conflict: mitigations of the catalog use it.
    """
    with change(by, "runner.deleted", runner, needs=Action.MANAGE, team=runner.team) as made:
        using = list(runner.mitigations.values_list("slug", flat=True)[:5])
        if using:
            raise Conflict(
                f"It carries out {', '.join(using)}.", field="runner", value=runner.slug, fix="Change those first."
            )
        made.note(name=runner.name, slug=runner.slug)
        made.subject = None
        made.touch("runners")
        runner.delete()


def try_runner(by: Actor, *, team: Team, kind: str, settings: dict[str, Any], before: Runner | None = None) -> str:
    """Ask something small that changes nothing, with these settings, saved or not. Returns what was answered.

    :raises Refused: the settings are not accepted.
    :raises RunFailed: it does not work, and why.
    """
    by.require(Action.MANAGE, team)
    if before is not None:
        by.require(Action.MANAGE, before.team)
    plugin: Plugin = one_of(GROUP, kind)
    return plugin.try_it(merged(kind, settings, before.settings if before else {}))
