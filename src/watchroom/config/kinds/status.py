"""Status pages, and lists of stakeholders."""

from __future__ import annotations

from ...status import commands as status
from ...status.models import StakeholderList, StatusPage
from ._kind import Fields, Kind, by_column, slug_of, with_team


def _pages() -> dict[str, Fields]:
    rows = (
        StatusPage.objects.select_related("team")
        .defer("logo")
        .prefetch_related("components__service", "components__group")
    )
    return {row.slug: _page(row) for row in rows}


def _page(page: StatusPage) -> Fields:
    names = ("domain", "language", "timezone", "colour", "colour_dark", "support_url")
    return {
        "slug": page.slug,
        "name": page.name,
        "team": page.team.slug,
        "description": page.description,
        "public": page.public,
        "networks": page.networks,
        **{name: getattr(page, name) for name in names},
        "components": [
            {
                "name": component.name,
                "service": slug_of(component.service),
                "description": component.description,
                "group": component.group.name if component.group else "",
                "automatic": component.automatic,
                "only_if_degraded": component.only_if_degraded,
            }
            for component in page.components.all()
        ],
    }


def _lists() -> dict[str, Fields]:
    return {
        row.slug: {
            "slug": row.slug,
            "name": row.name,
            "team": row.team.slug,
            "audience": row.audience,
            "least_severity": row.least_severity,
            "every_team": row.every_team,
        }
        for row in StakeholderList.objects.select_related("team")
    }


KINDS = (
    Kind(
        "status_pages", _pages, by_column(StatusPage), with_team(status.save_status_page), status.delete_status_page
    ),
    Kind("stakeholder_lists", _lists, by_column(StakeholderList), with_team(status.save_list), status.delete_list),
)  # fmt: skip
