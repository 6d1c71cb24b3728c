"""Beginnings of updates, kept by teams."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.errors import Conflict, Refused
from ...kernel.names import made_of
from .. import rules
from ..models import UpdateTemplate
from .updates import checked_stage

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


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
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise Refused("A template needs a name.", field="name", value=name[:100], fix="Write 1 to 100 characters.")
    slug = slug or (template.slug if template else made_of(name, otherwise="template", among=UpdateTemplate.objects))
    if not _SLUG.fullmatch(slug or "") or len(slug) > 64:
        raise Refused(
            "The slug is made of small letters, digits and hyphens.", field="slug", value=slug, fix="Use holding-sev1."
        )
    checked_stage(stage)
    if audience and audience not in rules.AUDIENCES:
        raise Refused(
            "There is no such audience.",
            field="audience",
            value=audience,
            fix=f"Use one of {', '.join(rules.AUDIENCES)}, or leave it empty for everybody.",
        )
    if wrong := next((each for each in severities if each not in range(1, 6)), None):
        raise Refused("That is not a severity.", field="severities", value=wrong, fix="Use numbers from 1 to 5.")
    texts = {"happening": happening.strip(), "impact": impact.strip(), "doing": doing.strip()}
    if not any(texts.values()):
        raise Refused("The template says nothing.", field="happening", value="", fix="Write at least one part.")
    if template is not None:
        by.require(Action.MANAGE, template.team)
    action = "update_template.changed" if template else "update_template.created"
    with change(by, action, template, needs=Action.MANAGE, team=team) as made:
        if UpdateTemplate.objects.filter(slug=slug).exclude(pk=template.pk if template else 0).exists():
            raise Conflict(
                f"There is already a template {slug!r}.", field="slug", value=slug, fix="Choose another name."
            )
        template = template or UpdateTemplate()
        made.subject = template
        template.team, template.name, template.slug = team, name, slug
        template.stage, template.severities, template.audience = stage, sorted(set(severities)), audience
        for part, text in texts.items():
            setattr(template, part, text[:20_000])
        template.save()
        made.touch("update-templates")
    return template


def delete_template(by: Actor, template: UpdateTemplate) -> None:
    """Delete a template."""
    with change(by, "update_template.deleted", None, needs=Action.MANAGE, team=template.team) as made:
        made.note(name=template.name, slug=template.slug)
        made.touch("update-templates")
        template.delete()
