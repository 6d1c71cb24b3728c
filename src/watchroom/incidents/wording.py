"""Words that blame, also those that name somebody who is here: names are looked up only where one could be to blame."""

from __future__ import annotations

from collections.abc import Iterable

from ..accounts.models import Person
from .rules import blameless


def findings(text: str) -> list[blameless.Finding]:
    """Words in ``text`` that blame, in their order; each phrase once."""
    return findings_in([text])


def findings_in(texts: Iterable[str]) -> list[blameless.Finding]:
    """The same over several texts; each phrase once."""
    texts = list(texts)
    return blameless.findings_in(texts, people_named_in(texts))


def people_named_in(texts: Iterable[str]) -> list[str]:
    """The names by which ``texts`` could blame somebody; also of those who have left."""
    if not any(blameless.may_name(text) for text in texts):
        return []
    return list(Person.objects.values_list("name", flat=True))
