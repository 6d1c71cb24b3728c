"""Three runbooks of the made-up company, as good ones are: short steps, and what one should see after each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..mitigations.models import Mitigation
from ..runbooks.models import Runbook, RunbookVersion
from ..runbooks.rules import checked
from ..runbooks.rules.reviews import due, morning
from .standing import Company

_MADE: tuple[dict[str, Any], ...] = (
    {
        "name": "Checkout answers slowly or with errors",
        "slug": "demo-checkout-slow",
        "team": "Booking",
        "services": ("Checkout", "Cart"),
        "matchers": ['alertname=~"HighErrorRate|HighLatency"'],
        "summary": "When customers can't pay, or wait longer than three seconds, and the alerts *HighErrorRate* or *HighLatency* fire.",
        "steps": [
            {"part": "confirm", "title": "Buy a ticket as a customer would", "text": "Open https://shop.fernweh.example in a private window, choose **Berlin to Hamburg**, and go as far as payment. Do not pay.", "expect": "It takes longer than 3 seconds, or shows an error", "minutes": 2},
            {"part": "confirm", "kind": "ask", "key": "real", "title": "Is it slow or broken for you, too?", "answers": [{"text": "Yes"}, {"text": "No, it is fine", "go_to": "watch"}]},
            {"part": "diagnose", "title": "See whether Checkout was changed in the last two hours", "text": "The deploys stand on the page of the service.\n\n```sh\nkubectl -n shop rollout history deployment/checkout | tail -3\n```", "expect": "The newest revision, and when it was rolled out", "minutes": 3},
            {"part": "diagnose", "kind": "ask", "key": "changed", "title": "Did it begin shortly after a deploy?", "answers": [{"text": "Yes", "go_to": "back"}, {"text": "No", "go_to": "payments"}]},
            {"part": "mitigate", "kind": "run", "key": "back", "title": "Roll Checkout back", "mitigation": "Checkout", "expect": "The error rate falls below 0.5 % within five minutes", "minutes": 10},
            {"part": "mitigate", "kind": "call", "key": "payments", "title": "Ask Payments whether their gateway is well", "text": "If it is they who are slow, they lead, and you tell customers.", "target": "schedule:demo-payments"},
            {"part": "resolve", "key": "watch", "title": "Watch it for ten minutes", "text": "Buy a ticket once more, and look at the dashboard.", "expect": "Payment within a second, no errors", "minutes": 10},
        ],
    },
    {
        "name": "A database runs out of disk",
        "slug": "demo-database-disk",
        "team": "Platform",
        "services": ("Ledger database", "Timetable database"),
        "matchers": ['alertname="DiskFillsUp"'],
        "summary": "When the disk of a PostgreSQL server will be full within hours.",
        "steps": [
            {"part": "confirm", "title": "See how full it is", "text": "```sh\nkubectl -n db exec ledger-0 -- df -h /var/lib/postgresql\n```", "expect": "More than 85 % used", "minutes": 2},
            {"part": "diagnose", "title": "See whether a replica has stopped reading", "text": "```sql\nSELECT slot_name, active,\n       pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) AS kept\nFROM pg_replication_slots;\n```", "expect": "A slot that is not active and keeps many gigabytes", "minutes": 3},
            {"part": "diagnose", "kind": "ask", "key": "slot", "title": "Is there such a slot?", "answers": [{"text": "Yes"}, {"text": "No", "go_to": "owner"}]},
            {"part": "mitigate", "title": "Drop that slot", "text": "The replica has to be built anew afterwards; nothing of ours is lost.\n\n```sql\nSELECT pg_drop_replication_slot('the_slot');\n```\n\n**Never delete files in `pg_wal` by hand.**", "expect": "`df -h` shows less within a minute", "minutes": 5},
            {"part": "resolve", "title": "See that it no longer grows", "text": "The same command as in the first step, twice, ten minutes apart.", "expect": "The same figure both times", "minutes": 12},
            {"part": "call", "kind": "call", "key": "owner", "title": "Call Platform before anything else is deleted", "target": "schedule:demo-platform"},
        ],
    },
    {
        "name": "A certificate has expired or soon will",
        "slug": "demo-certificate",
        "team": "Platform",
        "services": (),
        "matchers": ['alertname="CertificateExpires"'],
        "summary": "When browsers warn of one of our names, or the alert *CertificateExpires* fires.",
        "steps": [
            {"part": "confirm", "title": "Look at the certificate that is served", "text": "```sh\necho | openssl s_client -connect shop.fernweh.example:443 2>/dev/null \\\n  | openssl x509 -noout -subject -enddate\n```", "expect": "`notAfter` within the next seven days, or in the past", "minutes": 2},
            {"part": "diagnose", "title": "See why it was not renewed", "text": "```sh\nkubectl get certificate -A | grep -v True\n```", "expect": "A certificate that is not ready, and why", "minutes": 3},
            {"part": "mitigate", "title": "Have it issued anew", "text": "```sh\nkubectl -n edge delete secret shop-tls\n```\n\nIt is made again by itself within a minute.", "expect": "`READY True`, and a later date in the first step's answer", "minutes": 5},
            {"part": "resolve", "title": "Open the shop in a private window", "expect": "No warning, and a lock", "minutes": 1},
            {"part": "call", "kind": "call", "title": "Call Platform if it is not issued", "target": "schedule:demo-platform"},
        ],
    },
)  # fmt: skip


def runbooks(c: Company) -> None:
    """With their versions; two were looked at, one is due."""
    by_name = {service.name: service for service in c.services}
    for number, made in enumerate(_MADE):
        lead = c.of(made["team"])[0]
        seen = c.now - timedelta(days=20 + 90 * number)
        row = Runbook.objects.create(
            team=c.teams[made["team"]],
            name=made["name"],
            slug=made["slug"],
            summary=made["summary"],
            matchers=made["matchers"],
            owner=lead,
            version=1,
            review_days=180,
            reviewed_at=seen,
            reviewed_by=lead,
            created_at=seen - timedelta(days=200),
            is_demo=True,
        )
        if when := due(seen, 180):
            row.remind_at = morning(max(when, c.now), lead.timezone)
            row.save(update_fields=["remind_at"])
        row.services.set([by_name[name] for name in made["services"]])
        steps = []
        for step in made["steps"]:
            if "mitigation" in step:
                found: Mitigation = next(each for each in c.mitigations if each.service == by_name[step["mitigation"]])
                step = {**step, "mitigation": found.slug}
            steps.append(step)
        RunbookVersion.objects.create(
            runbook=row,
            version=1,
            steps=[step.as_json() for step in checked(steps)],
            saved_at=row.created_at,
            saved_by=str(lead),
        )
