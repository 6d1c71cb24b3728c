"""What a mail that declares an incident says. Pure."""

from __future__ import annotations

import re

_ANSWERED = re.compile(r"^(?:(?:re|fwd?|aw|wg|tr|sv|antw)\s*:\s*)+", re.IGNORECASE)
_SEVERITY = re.compile(r"^\s*[\[(]?\s*sev\s*-?\s*([1-5])\s*[\])]?\s*[:\-–]?\s*", re.IGNORECASE)
TITLE = 200  # characters
SUMMARY = 5_000


def read(subject: str, text: str) -> tuple[str, int | None, str]:
    """Title, severity where one is said in front of it (``SEV2: Checkout fails``, ``[sev2] Checkout fails``), and what else
    is known. Without a subject the first line of the text is the title; empty: it says nothing."""
    line = _ANSWERED.sub("", " ".join(subject[:2_000].split()))
    lines = text.replace("\r\n", "\n").strip()[: 4 * SUMMARY].splitlines()
    if not line and lines:
        line, lines = " ".join(lines[0].split()), lines[1:]
    found = _SEVERITY.match(line)
    title = line[found.end() :] if found else line
    summary = "\n".join(each.rstrip() for each in lines).strip()
    return title[:TITLE].strip(), int(found[1]) if found else None, summary[:SUMMARY]
