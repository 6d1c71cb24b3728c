"""How forms are drawn: as Django does it, but for long lists of choices."""

from __future__ import annotations

from typing import Any

from django.forms.renderers import DjangoTemplates
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class Renderer(DjangoTemplates):
    """Django asks two templates for each choice of a ``<select>``; with some thousand people and services to choose from,
    that is most of what a page costs."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        if template_name == "django/forms/widgets/select.html":
            return select(context["widget"])
        return super().render(template_name, context, request)


def select(widget: dict[str, Any]) -> SafeString:
    """A ``<select>`` with its choices, from the context that the widget makes for its template."""
    groups = []
    for name, choices, _ in widget["optgroups"]:
        options = format_html_join(
            "", '<option value="{}"{}>{}</option>', ((c["value"], flatatt(c["attrs"]), c["label"]) for c in choices)
        )
        groups.append(format_html('<optgroup label="{}">{}</optgroup>', name, options) if name else options)
    inside = format_html_join("", "{}", ((group,) for group in groups))
    return format_html('<select name="{}"{}>{}</select>', widget["name"], flatatt(widget["attrs"]), inside)
