"""Beginnings of updates, kept by teams."""

from __future__ import annotations

from collections.abc import Sequence

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.checks import chosen, written
from ...kernel.errors import Refused
from ...kernel.names import only_one, short_name
from .. import rules
from ..models import UpdateTemplate
from .updates import checked_stage


def save_template(
    by: Actor,
    template: UpdateTemplate | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    stage: str = "investigating",
    severities: Sequence[int] = (),
    audience: str = "",
    happening: str = "",
    impact: str = "",
    doing: str = "",
) -> UpdateTemplate:
    """Make a template or change it. ``{title}``, ``{services}``, ``{severity}`` and ``{impact}`` are filled in when it is
    used.

    :raises Refused: no name, nothing said, or an unknown stage, severity or audience.
    :raises Conflict: another template has this slug.
    """
    name = written(
        " ".join(name.split()), "A template needs a name", 100, field="name", fix="Write 1 to 100 characters."
    )
    before = template.slug if template else ""
    slug = short_name(slug, before=before, name=name, otherwise="template", among=UpdateTemplate.objects)
    checked_stage(stage)
    if audience:
        chosen(audience, rules.AUDIENCES, "audience", field="audience")
    if wrong := next((each for each in severities if each not in range(1, 6)), None):
        raise Refused("That is not a severity.", field="severities", value=wrong, fix="Use numbers from 1 to 5.")
    texts = {"happening": happening.strip(), "impact": impact.strip(), "doing": doing.strip()}
    if not any(texts.values()):
        raise Refused("The template says nothing.", field="happening", value="", fix="Write at least one part.")
    if template is not None:
        by.require(Action.MANAGE, template.team)
    action = "update_template.changed" if template else "update_template.created"
    with change(by, action, template, needs=Action.MANAGE, team=team) as made:
        template = template or UpdateTemplate()
        made.subject = template
        template.team, template.name, template.slug = team, name, slug
        template.stage, template.severities, template.audience = stage, sorted(set(severities)), audience
        for part, text in texts.items():
            setattr(template, part, text[:20_000])
        with only_one("template", slug=slug):
            template.save()
        made.touch("update-templates")
    return template


def delete_template(by: Actor, template: UpdateTemplate) -> None:
    """Delete a template."""
    with change(by, "update_template.deleted", None, needs=Action.MANAGE, team=template.team) as made:
        made.note(name=template.name, slug=template.slug)
        made.touch("update-templates")
        template.delete()
