"""What stakeholders are told, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ...incidents.commands import acting_in, must_be_open, publish_update, save_draft
from ...incidents.models import UpdateDraft, UpdateTemplate
from ...incidents.queries import facts_for_templates
from ...incidents.rules import PARTS, filled
from ...kernel.errors import Refused
from ...paging.wording import time_stamp
from ...status.commands import is_for_strangers
from ...status.commands import publish as show_on_pages
from ...status.models import StatusPage
from .deed import Action, Deed, Doing, one_of, rows_of, slugs_in


def _template(action: Action) -> UpdateTemplate:
    found: UpdateTemplate = one_of(UpdateTemplate, action, "template")
    if action.get("publish") and not found.happening:
        raise Refused("That template does not say what is happening.", field="template", value=found.slug)
    return found


def _pages(action: Action) -> list[StatusPage]:
    found = rows_of(StatusPage, "pages", action.get("pages"))
    if found and not action.get("publish"):
        raise Refused(
            "A draft is shown on no page.", field="pages", value=found[0].slug, fix="Publish it at once, or name none."
        )
    return found


def _pages_left(action: Action) -> tuple[list[StatusPage], list[str]]:
    """The pages it names, and those that have been deleted since it was saved: the others are told all the same."""
    wanted = slugs_in(action.get("pages"))
    found = {page.slug: page for page in StatusPage.objects.filter(slug__in=wanted)}
    return [found[each] for each in wanted if each in found], [each for each in wanted if each not in found]


def _update(doing: Doing, action: Action) -> str:
    template, words, facts = _template(action), doing.words, facts_for_templates(doing.incident)
    parts = {name: words.into(filled(getattr(template, name), facts)) for name in PARTS}
    said: dict[str, Any] = (
        {"wordings": {template.audience: parts}, "happening": parts["happening"]} if template.audience else dict(parts)
    )
    if action.get("publish"):
        update = publish_update(doing.by, doing.incident, stage=template.stage, **said)
        pages, gone = _pages_left(action) if is_for_strangers(doing.incident) else ([], [])
        if pages:
            show_on_pages(doing.by, update, pages)
        on = f" on {', '.join(map(str, pages))}" if pages else ""
        on += f" (there is no page {', '.join(f'“{each}”' for each in gone)} any more)" if gone else ""
        return f"published an update from “{template}”{on}"
    draft = UpdateDraft.objects.filter(incident=doing.incident).first()
    if draft is not None:
        return "left the draft alone that is there already"
    save_draft(doing.by, doing.incident, version=0, stage=template.stage, **said)
    return f"drafted an update from “{template}”"


def _update_in_words(action: Action) -> str:
    pages = _pages(action)
    on = f", on {', '.join(map(str, pages))}" if pages else ""
    return f"{'publish' if action.get('publish') else 'draft'} an update from “{_template(action)}”{on}"


def _minutes(action: Action) -> int:
    minutes = action.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 24 * 60:
        raise Refused("That is no time.", field="minutes", value=minutes, fix="Use 1 to 1440 minutes.")
    return minutes


def _next_update(doing: Doing, action: Action) -> str:
    with acting_in(doing.by, "update.promised", doing.incident) as (made, row):
        must_be_open(row, "nobody waits for an update")
        due = made.at + timedelta(minutes=_minutes(action))
        if row.next_update_at is None or row.next_update_at > due:
            row.next_update_at = due
            row.save(update_fields=["next_update_at"])
        made.due()
    return f"wants the next update by {time_stamp(due)}"


UPDATE = Deed(
    "Draft or publish an update",
    {
        "template": "Slug of a template.",
        "publish": "True: at once; otherwise it is a draft.",
        "pages": "Slugs of status pages that show it, where it is published at once.",
    },
    lambda action: (_template(action), _pages(action)),
    _update_in_words,
    _update,
)

NEXT_UPDATE = Deed(
    "Promise the next update",
    {"minutes": "From then."},
    _minutes,
    lambda action: f"want the next update within {action['minutes']} minutes",
    _next_update,
)
