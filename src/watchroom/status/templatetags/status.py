"""How times and bars are written on a page for strangers: without scripts, in their language."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from ...incidents.models import Update
from ..models import MaintenanceNote
from ..public.wording import day as in_full
from ..public.wording import note_text, parts, when
from ..queries import ComponentView
from ..rules import WORDS, Day

register = template.Library()
_HEIGHTS = {"operational": 16, "under_maintenance": 20, "degraded_performance": 22, "partial_outage": 28}


@register.simple_tag(name="when")
def when_tag(at: datetime) -> SafeString:
    """A time, readable for people and programs."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), when(at))


@register.filter(name="in_full")
def in_full_filter(at: date) -> str:
    """A day, written out."""
    return in_full(at)


@register.filter
def said(update: Update, audience: str = "customers") -> dict[str, str]:
    """The parts of an update in the words of an audience."""
    return parts(update, audience)


def _spoken(bar: Day) -> str:
    if not bar.minutes:
        return gettext(WORDS[bar.state])
    return ngettext("%(count)d minute of trouble", "%(count)d minutes of trouble", bar.minutes) % {"count": bar.minutes}


@register.simple_tag
def bars(shown: ComponentView) -> SafeString:
    """One bar a day; a bad day differs from a good one in height, too, not in colour alone."""
    columns = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="3" height="{}"><title>{}: {}</title></rect>',
        (
            (
                bar.state,
                number * 5,
                32 - _HEIGHTS.get(bar.state, 32),
                _HEIGHTS.get(bar.state, 32),
                in_full(bar.day),
                _spoken(bar),
            )
            for number, bar in enumerate(shown.bars)
        ),
    )
    bad = sum(1 for bar in shown.bars if bar.minutes)
    label = ngettext("%(count)d day with trouble in 90", "%(count)d days with trouble in 90", bad) % {"count": bad}
    return format_html(
        '<svg class="bars" viewBox="0 0 {} 32" preserveAspectRatio="none" role="img" aria-label="{}: {}">{}</svg>',
        max(len(shown.bars) * 5 - 2, 1),
        shown.component.name,
        label,
        columns,
    )


@register.filter(name="note_text")
def note_text_filter(note: MaintenanceNote) -> str:
    """What a note of maintenance says."""
    return note_text(note)
