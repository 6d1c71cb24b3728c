"""Runbooks to begin with: what they say is to be replaced, and what they ask for is what helps at night."""

from __future__ import annotations

from typing import Any

Offered = dict[str, Any]

OFFERED: dict[str, Offered] = {
    "slow": {
        "label": "A service is slow or answers with errors",
        "name": "… is slow or fails",
        "summary": "When customers wait, or see errors, and the alerts of this service fire.",
        "steps": [
            {"part": "confirm", "title": "Open it as a customer would", "text": "Open https://… in a private window and do …", "expect": "It takes longer than 3 seconds, or shows an error", "minutes": 2},
            {"part": "confirm", "kind": "ask", "key": "is-it-real", "title": "Is it slow or broken?", "answers": [{"text": "Yes"}, {"text": "No, it is fine", "go_to": "is-it-over"}]},
            {"part": "diagnose", "title": "See whether something was changed in the last two hours", "text": "Look at the deploys on the page of the service.", "expect": "A deploy shortly before it began: then roll it back", "minutes": 3},
            {"part": "mitigate", "title": "Roll the newest release back", "text": "```\n…\n```", "expect": "The error rate falls within 5 minutes", "minutes": 10},
            {"part": "resolve", "key": "is-it-over", "title": "Watch it for ten minutes", "expect": "No errors, and answers within a second", "minutes": 10},
            {"part": "call", "title": "Call the team that owns it, if it goes on"},
        ],
    },
    "full": {
        "label": "Something runs full: a disk, a queue, a pool",
        "name": "… runs full",
        "summary": "When the alert says that less than 10 % is left.",
        "steps": [
            {"part": "confirm", "title": "See how full it is, and how fast it fills", "text": "```\ndf -h /var/lib/…\n```", "expect": "More than 90 % used", "minutes": 2},
            {"part": "diagnose", "title": "Find what takes the room", "text": "```\ndu -xh --max-depth=2 /var/lib/… | sort -h | tail\n```", "expect": "One directory that is far larger than all others", "minutes": 5},
            {"part": "mitigate", "title": "Make room without losing data", "text": "Never delete …; what may go is …", "expect": "Less than 80 % used", "minutes": 10},
            {"part": "resolve", "title": "See that it no longer grows", "expect": "The same figure ten minutes later", "minutes": 10},
            {"part": "call", "title": "Call whoever owns the data, before anything of it is deleted"},
        ],
    },
    "outside": {
        "label": "Something of others is down: a provider, another team",
        "name": "… does not answer",
        "summary": "When calls to them fail or take too long, and our own services are well.",
        "steps": [
            {"part": "confirm", "title": "Look at their status page", "text": "https://…", "expect": "They know of it, or nothing is said yet", "minutes": 2},
            {"part": "diagnose", "title": "Make sure that it is not us", "text": "```\ncurl -sS -o /dev/null -w '%{http_code} %{time_total}\\n' https://…\n```", "expect": "An error from where we run, and from elsewhere, too", "minutes": 5},
            {"part": "mitigate", "title": "Switch over to what we do without them", "expect": "Customers see a notice instead of an error", "minutes": 5},
            {"part": "resolve", "title": "Switch back once they have answered well for ten minutes", "expect": "No errors in their calls", "minutes": 15},
            {"part": "call", "title": "Open a ticket with them", "text": "Account …, telephone …"},
        ],
    },
}  # fmt: skip
