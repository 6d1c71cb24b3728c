"""Scenarios in which people are the hard part: many voices, too many alerts."""

from __future__ import annotations

from .story import Story, alert, ends, expect, fact, leaves, message

STORM = Story(
    key="alert-storm",
    name="An alert storm with one cause",
    practises="Many alerts, one cause: one incident, one commander, no private wars.",
    level=2,
    severity=1,
    minutes=40,
    story="""A switch between two halves of a data centre drops one packet in ten. Nothing is down, everything is bad, and each service
says so in its own words. Taking traffic off one half ends it.

**Watch for:** one incident or five? Does somebody draw together what all alerts have in common? Does the commander command, or debug?""",
    injects=(
        alert(0, "a", "{service_name}: errors above 3 %", "Calls between services time out.", name="Errors", severity="error"),
        alert(1, "b", "{other_name}: the slowest 5 % take 5 s", "It was 300 ms.", name="Latency", severity="error", of="{other}"),
        alert(2, "c", "{service_name}: queue grows", "4,000 messages wait, 300 more each minute.", name="QueueGrows", severity="warning"),
        alert(3, "d", "{other_name}: health checks flap", "Up and down every few seconds.", name="Flapping", severity="warning", of="{other}"),
        alert(4, "e", "{service_name}: replication is 90 s behind", "It was 0.2 s.", name="ReplicationLag"),
        fact("What all of them have in common", "All failing calls cross from half A to half B. Within a half all is well.", "What do they have in common?"),
        message(8, "A developer of another team", "We have our own incident, in our own channel. Should we close yours?"),
        fact("The network's own numbers", "Switch sw-ab-1: 9 % of packets lost since 6 minutes before the first alert."),
        leaves(15, "commander"),
        message(18, "Head of operations", "I count eleven people on this. Who of them do you need?"),
        fact("After half B was drained", "Errors and latency are normal within three minutes. Half A runs at 80 %."),
        ends("a"), ends("b"), ends("c"), ends("d"), ends("e"),
    ),
    expectations=expect(severity=1, update=20, mitigation=25, communications=20, handoff=True, resolved=40),
)  # fmt: skip

ANGRY = Story(
    key="communication",
    name="Angry customers of {service_name}",
    practises="Telling: one voice, honest words, promises that are kept.",
    level=2,
    severity=2,
    minutes=40,
    story="""Payments through **{service_name}** were charged twice for an hour. The cause was mended ten minutes ago, by itself; this drill
is about everybody who has to be told. There is no alert: it begins with customers.

**Watch for:** does somebody take communications at once? Is the first update out before everything is known? Does it say who is
affected, what they should do, and when the next one comes? Are promises kept? Are answers the same to all?""",
    injects=(
        message(0, "Support", "Fourteen customers write that they were charged twice by {service_name}. Screenshots look real. Is this an incident?"),
        fact("The payments themselves", "1,873 customers were charged twice between 9:02 and 10:04. It has stopped. Refunds can be made by a script, in about two days.", "How many, and since when?"),
        message(5, "A customer", "You took 480 € twice and my rent bounced. If nobody answers in ten minutes I go to the press."),
        message(10, "Head of finance", "Do not say a number to anybody before I have seen it."),
        message(14, "A journalist", "I have reports of double charges. How many customers, and will you refund fees of their banks? My deadline is in 20 minutes."),
        message(19, "Head of sales", "I told the three largest that all is fine. That is right, isn't it?"),
        message(25, "Support", "The update says “some customers”. They ask whether that is them. What do we answer?"),
        message(32, "A customer", "You promised news and the time is over."),
    ),
    expectations=expect(acknowledged=None, declared=6, commander=8, update=12, mitigation=None, communications=8),
)  # fmt: skip

STORIES = (STORM, ANGRY)
