"""Public holidays by country, from the ``holidays`` package."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any

from ..kernel.errors import Refused


@lru_cache(maxsize=1)
def countries() -> dict[str, list[str]]:
    """The countries whose holidays are known, by their two letters, with their regions."""
    import holidays  # loads slowly, and few processes need it

    return {code: list(regions) for code, regions in holidays.list_supported_countries().items() if len(code) == 2}


def check_place(country: str, region: str = "") -> tuple[str, str]:
    """Both in capitals.

    :raises Refused: no such country, or it has no such region.
    """
    country, region = country.strip().upper(), region.strip().upper()
    known = countries()
    if country not in known:
        raise Refused(
            f"No holidays are known for {country!r}.",
            field="country",
            value=country,
            fix="Use the two letters of a country, such as DE or US.",
        )
    if region and region not in known[country]:
        raise Refused(
            f"{country} has no region {region!r}.",
            field="region",
            value=region,
            fix=f"Use one of {', '.join(known[country])}, or leave it empty." if known[country] else "Leave it empty.",
        )
    return country, region


@lru_cache(maxsize=512)
def _year(country: str, region: str, year: int) -> dict[date, str]:
    import holidays

    found: Any = holidays.country_holidays(country, subdiv=region or None, years=year)
    return {day: str(name) for day, name in found.items()}


def feasts(country: str, region: str, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of these years, by day."""
    found: dict[date, str] = {}
    for year in years:
        found |= _year(country, region, year)
    return dict(sorted(found.items()))
