"""The made-up company: Fernweh, which sells train journeys. Only names and numbers; nothing here touches the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

TEAMS = (
    ("Booking", "Search, cart and checkout.", "Europe/Berlin"),
    ("Payments", "Money in, money out, invoices.", "Europe/Berlin"),
    ("Timetables", "Schedules and live positions of trains.", "Europe/London"),
    ("Mobile", "The apps and what they talk to.", "America/New_York"),
    ("Platform", "Clusters, networks, databases.", "Asia/Kolkata"),
    ("Data", "Events, reports, recommendations.", "America/New_York"),
)
FIRST = (
    "Amara",
    "Anouk",
    "Bilal",
    "Carmen",
    "Chen",
    "Daniela",
    "Elif",
    "Emil",
    "Farah",
    "Goran",
    "Hanna",
    "Ibrahim",
    "Ines",
    "Jonas",
    "Kavya",
    "Lena",
    "Liam",
    "Malik",
    "Marta",
    "Mei",
    "Nadia",
    "Niko",
    "Olga",
    "Omar",
    "Pia",
    "Priya",
    "Quentin",
    "Rahel",
    "Ravi",
    "Rosa",
    "Samir",
    "Sofia",
    "Tariq",
    "Tess",
    "Uma",
    "Viktor",
    "Wanda",
    "Yara",
    "Yusuf",
    "Zoe",
)
LAST = (
    "Adeyemi",
    "Bauer",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Gupta",
    "Haddad",
    "Ito",
    "Jansen",
    "Kowalski",
    "Larsen",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quispe",
    "Rossi",
    "Silva",
    "Tanaka",
)


@dataclass(frozen=True)
class MadeService:
    """A service: its team, tier, what it is, and what it does not work without."""

    name: str
    team: str
    tier: int
    about: str
    needs: tuple[str, ...] = ()


SERVICES = (
    MadeService("Web shop", "Booking", 1, "What customers see in the browser.", ("Search", "Cart", "Sign-in", "CDN")),
    MadeService("Search", "Booking", 1, "Finds journeys.", ("Timetable API", "Search index")),
    MadeService("Cart", "Booking", 1, "Keeps what has been chosen.", ("Cart store",)),
    MadeService("Checkout", "Booking", 1, "From cart to ticket.", ("Cart", "Payment gateway", "Tickets")),
    MadeService("Tickets", "Booking", 1, "Makes and sends tickets.", ("Ticket store", "Mailer")),
    MadeService("Vouchers", "Booking", 3, "Gift cards and refunds.", ("Ledger",)),
    MadeService("Payment gateway", "Payments", 1, "Talks to card schemes and banks.", ("Ledger", "Fraud check")),
    MadeService("Ledger", "Payments", 1, "Every cent, twice.", ("Ledger database",)),
    MadeService("Fraud check", "Payments", 2, "Scores payments.", ("Feature store",)),
    MadeService("Invoices", "Payments", 3, "PDFs for companies.", ("Ledger", "Mailer")),
    MadeService("Payouts", "Payments", 2, "Money to the railways.", ("Ledger",)),
    MadeService("Timetable API", "Timetables", 1, "Where trains should be.", ("Timetable database",)),
    MadeService("Live positions", "Timetables", 2, "Where trains are.", ("Event stream",)),
    MadeService("Delay forecast", "Timetables", 3, "Where trains will be.", ("Live positions", "Feature store")),
    MadeService(
        "Import of railways", "Timetables", 2, "Reads 42 railways' feeds every night.", ("Timetable database",)
    ),
    MadeService("App backend", "Mobile", 1, "What the apps talk to.", ("Search", "Tickets", "Sign-in")),
    MadeService("Push messages", "Mobile", 2, "Tells travellers of delays.", ("Live positions", "Event stream")),
    MadeService("Offline tickets", "Mobile", 2, "Tickets without a network.", ("Ticket store",)),
    MadeService("App configuration", "Mobile", 3, "Feature flags of the apps."),
    MadeService("Sign-in", "Platform", 1, "Accounts and sessions.", ("Session store",)),
    MadeService("CDN", "Platform", 1, "Edge cache."),
    MadeService("Kubernetes Frankfurt", "Platform", 1, "The main cluster."),
    MadeService("Ledger database", "Platform", 1, "PostgreSQL with two replicas.", ("Kubernetes Frankfurt",)),
    MadeService("Timetable database", "Platform", 1, "PostgreSQL, read mostly.", ("Kubernetes Frankfurt",)),
    MadeService("Ticket store", "Platform", 1, "Object storage."),
    MadeService("Cart store", "Platform", 2, "Redis.", ("Kubernetes Frankfurt",)),
    MadeService("Session store", "Platform", 1, "Redis.", ("Kubernetes Frankfurt",)),
    MadeService("Mailer", "Platform", 2, "Sends mail."),
    MadeService("Event stream", "Data", 1, "Kafka.", ("Kubernetes Frankfurt",)),
    MadeService("Feature store", "Data", 2, "Numbers for models.", ("Event stream",)),
    MadeService("Search index", "Data", 1, "Elasticsearch.", ("Event stream",)),
    MadeService("Reports", "Data", 4, "Dashboards for management.", ("Event stream",)),
)


RELEASES = (
    "Smaller images",
    "A new client for the database",
    "Retries with a limit",
    "Libraries of this month",
    "Texts of the design team",
    "A cache in front of the search",
)
BAD_RELEASE = "Fewer questions for each request"
FLAGS = (  # of which service, how long ago, and what was turned
    ("Checkout", timedelta(hours=5), "Express checkout: on for half of the customers"),
    ("Search", timedelta(days=2, hours=3), "Night trains first: on"),
    ("App configuration", timedelta(days=6, hours=1), "Seat maps: on for everybody"),
    ("Payment gateway", timedelta(days=11, hours=4), "Retry of declined cards: off"),
)


@dataclass(frozen=True)
class Cause:
    """A kind of trouble: how it shows, what it turned out to be, and what helped."""

    alert: str
    symptom: str
    wrong: str
    right: str
    mitigation: str
    kind: str
    lesson: str
    action: str


CAUSES = (
    Cause(
        "HighErrorRate",
        "5xx answers rose from 0.1 % to {n} % within two minutes",
        "A provider has trouble",
        "The deploy of {time} lost a database index",
        "Roll back to the release before",
        "roll_back",
        "Migrations were reviewed apart from the queries that need them",
        "Fail the build when a migration drops an index that a query of the same release uses",
    ),
    Cause(
        "HighLatency",
        "p99 is at {n} seconds, normally 400 ms",
        "A noisy neighbour on the node",
        "Connection pool exhausted by a slow report query",
        "Stop the report job and raise the pool",
        "disable",
        "Reports share the pool of customers' requests",
        "Give reports a pool of their own with a limit of 5",
    ),
    Cause(
        "DiskFillsUp",
        "The disk is full in {n} hours at this rate",
        "Logs are not rotated",
        "A stuck replication slot keeps the write-ahead log",
        "Drop the replica's slot",
        "other",
        "Nobody is told when a replica stops reading",
        "Alert when a replication slot keeps more than 5 GB",
    ),
    Cause(
        "CertificateExpires",
        "Browsers warn of an expired certificate",
        "The clock of a node is wrong",
        "Renewal has failed for a month; the mail went to somebody who has left",
        "Install a certificate by hand",
        "other",
        "A mailbox of one person was the only alarm",
        "Route certificate mail to the team's integration",
    ),
    Cause(
        "QueueGrows",
        "{n} thousand messages wait; the oldest is 20 minutes old",
        "Consumers are too slow",
        "One poisoned message is retried for ever",
        "Move the message to the dead letters and restart",
        "restart",
        "Retries had no end",
        "Limit retries to 5 and count the dead letters",
    ),
    Cause(
        "PodsRestart",
        "A third of the pods restart every {n} minutes",
        "The node pool is short of memory",
        "A cache without a limit grows with the number of stations",
        "Double the memory limit",
        "scale_up",
        "The limit was copied from a smaller service",
        "Give the station cache a size limit of 200 MB",
    ),
    Cause(
        "TrafficDrops",
        "Only {n} % of the usual requests arrive",
        "A holiday",
        "A DNS change took one of two load balancers out",
        "Fail over to the other region",
        "fail_over",
        "DNS changes go live without a check",
        "Check both load balancers after each DNS change in the pipeline",
    ),
)
IMPACT = {  # of incidents, by team
    "Booking": "About {n} % of customers could not finish their booking.",
    "Payments": "About {n} % of payments had to be tried again.",
    "Timetables": "Search results were missing for {n} % of journeys.",
    "Mobile": "The apps showed an error to about {n} % of travellers.",
    "Platform": "Pages took up to {n} seconds; some were not shown at all.",
    "Data": "Colleagues could not see reports; customers noticed nothing.",
}
