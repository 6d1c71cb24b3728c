"""Every address of the pages, and what asking for one costs."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver


def patterns(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Every address that the product answers, with ``<kind:name>`` where something has to be filled in."""
    for each in (resolver or get_resolver()).url_patterns:
        path = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from patterns(each, path)
        elif isinstance(each, URLPattern) and "^" not in path:
            yield path


def page(client: Client, path: str) -> tuple[str, int]:
    """A page, and how many questions it has asked of the database."""
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode(), len(seen)
