"""Scenarios in which a system fails."""

from __future__ import annotations

from .story import Story, alert, ends, expect, fact, leaves, message

BAD_DEPLOY = Story(
    key="bad-deploy",
    name="A bad deploy of {service_name}",
    practises="Roll back first, understand later.",
    level=1,
    severity=2,
    minutes=30,
    story="""Ten minutes before the first alert, version 2.41 of **{service_name}** went out. A new default makes one request in
eight fail. Rolling back ends it within two minutes; everything else takes an hour.

**Watch for:** do they ask what has changed? Do they roll back before they know why? Does somebody tell stakeholders?

Reveal a fact when somebody says that they look there. Let the alert end two minutes after they say that they rolled back.""",
    injects=(
        alert(0, "errors", "{service_name}: 12 % of requests fail", "Error rate above 5 % for 3 minutes. It was 0.1 % an hour ago.", name="HighErrorRate"),
        fact("Deploys of the last hour", "{service_name} 2.41 went out 10 minutes before the first alert. The deploy is green. Its notes say “tidier defaults”.", "What was changed shortly before?"),
        fact("Logs of {service_name}", "KeyError: 'region' in one request of eight, first seen right after the deploy. All of them come from accounts without a region."),
        fact("Resources", "Processor, memory and connections are as on any day."),
        message(7, "Support", "Three customers say that checkout shows “Something went wrong”. What shall we tell them?"),
        fact("After a roll-back", "Errors fall to 0.1 % within two minutes."),
        ends("errors"),
    ),
    expectations=expect(acknowledged=3, declared=8, commander=10, update=15, mitigation=12, resolved=30),
)  # fmt: skip

DISK_FULL = Story(
    key="disk-full",
    name="The disk of {service_name} fills up",
    practises="A warning that becomes an outage; making room without losing what is needed.",
    level=1,
    severity=3,
    minutes=30,
    story="""A debug switch was left on two days ago, and the log of **{service_name}** eats the disk. First a warning at 90 %, then
writes fail. Deleting the wrong files makes it worse.

**Watch for:** do they take the warning seriously? Does somebody ask what would be lost before anything is deleted? Do they turn the
switch off, too, or only make room?""",
    injects=(
        alert(0, "filling", "{service_name}: disk 90 % full", "At this speed it is full in 12 minutes.", name="DiskFilling", severity="warning"),
        fact("The largest files", "/var/log/app.log: 310 GB, written by the running process. /var/backups: 40 GB, last night's only backup.", "What takes the room?"),
        fact("Settings of {service_name}", "log_level=debug since the day before yesterday, set while looking into something else."),
        alert(9, "writes", "{service_name}: writes fail", "No space left on device. Every second request fails.", name="WritesFail"),
        message(12, "A colleague", "I could just delete /var/backups, that is 40 GB at once. Shall I?"),
        fact("After the log was emptied", "Disk 35 % full. Writes succeed. The log grows by 2 GB a minute until the switch is off."),
        ends("writes"),
        ends("filling"),
    ),
    expectations=expect(acknowledged=5, declared=14, commander=16, severity=3, update=25, mitigation=18),
)  # fmt: skip

CERTIFICATE = Story(
    key="certificate-expired",
    name="A certificate of {service_name} has expired",
    practises="A total outage with a small cause; who may do what is missing?",
    level=1,
    severity=1,
    minutes=35,
    story="""The certificate of **{service_name}** ran out at midnight UTC: its renewal has failed for weeks, into a mailbox that nobody
reads. Browsers refuse, apps hang. A new one takes five minutes, once somebody with access to the DNS account is found.

**Watch for:** how long until somebody looks at the error that a browser shows? SEV1? Is somebody told who is not on the line?""",
    injects=(
        alert(0, "probe", "{service_name} cannot be reached from outside", "All probes fail in the TLS handshake. Traffic is down by 97 %.", name="ProbeFailed"),
        fact("A browser", "NET::ERR_CERT_DATE_INVALID. The certificate was valid until 00:00 UTC today.", "What does a customer see?"),
        fact("The service itself", "Healthy. No errors, almost no requests."),
        message(4, "Head of sales", "I am with our largest customer and the site is down. What is going on and how long?"),
        fact("The renewal's log", "Failed 23 times: the DNS token has expired. Mails went to ops-old@."),
        fact("Who has the DNS account", "Two people. One is on holiday, the other answers on the phone."),
        message(14, "Support", "212 tickets in ten minutes. Is there something that customers can read?"),
        fact("After the new certificate", "Probes succeed. Traffic is back to normal in four minutes; some apps need a restart."),
        ends("probe"),
    ),
    expectations=expect(acknowledged=3, declared=6, commander=8, severity=1, update=12, mitigation=20, communications=12, resolved=35),
)  # fmt: skip

SLOW_DATABASE = Story(
    key="database-slow",
    name="The database of {service_name} is slow",
    practises="Several causes are possible: write hypotheses down, test one at a time.",
    level=2,
    severity=2,
    minutes=45,
    story="""The database of **{service_name}** answers ten times slower than usual. A report that was made to run “every hour” has run
every minute since noon and holds the large table. Ending it helps at once; more replicas and restarts do not.

**Watch for:** are hypotheses written before something is changed? Does one person change things, or all at once? Who decides?""",
    injects=(
        alert(0, "latency", "{service_name}: the slowest 5 % take 8 s", "It was 400 ms an hour ago. Pools of connections are full.", name="HighLatency"),
        fact("The database's own numbers", "Processor 30 %, disk 95 % busy. 140 of 150 connections wait for a lock.", "What waits for what?"),
        fact("What runs in the database", "60 copies of the same report, the oldest since 12:00. All hold table “orders”."),
        fact("Changes of today", "11:58: report schedule “0 * * * *” became “* * * * *”. 12:30: a new index, on another table."),
        message(8, "A developer", "I think that it is my index from 12:30. I drop it now, right?"),
        alert(12, "other", "{other_name}: requests time out", "Its calls to the same database wait for more than 30 s.", name="Timeouts", of="{other}"),
        message(16, "Head of operations", "Do you need anybody? And what do I tell the board, who ask me every five minutes?"),
        fact("After a restart of the database", "Two minutes of outage. Then everything is as slow as before: the report starts again."),
        fact("After the reports were ended and their schedule mended", "The slowest 5 % take 350 ms within a minute."),
        ends("other"),
        ends("latency"),
    ),
    expectations=expect(declared=10, commander=12, update=20, mitigation=25, resolved=45),
)  # fmt: skip

DEPENDENCY = Story(
    key="dependency-down",
    name="Something that {service_name} needs is down",
    practises="You can't mend it: degrade, tell, and keep asking whoever can.",
    level=2,
    severity=2,
    minutes=40,
    story="""A supplier that **{service_name}** calls in every request is down; their status page is still green. Their API answers 503
after 30 seconds. Switching the feature off saves everything else. They come back by themselves, an hour later.

**Watch for:** do they wait for the supplier, or protect the rest? Do updates come although there is nothing new?""",
    injects=(
        alert(0, "errors", "{service_name}: workers are all busy", "All 200 workers wait. Requests are refused.", name="Saturated"),
        fact("Where workers wait", "In calls to the supplier's API: 503 after 30 s, no timeout of ours.", "For what do they wait?"),
        fact("The supplier's status page", "All systems operational."),
        message(6, "The supplier's support", "Thank you for your ticket. We have no known issue. Could you send us a trace?"),
        fact("The feature switch", "“supplier” can be switched off. Then orders are taken without the live price."),
        leaves(14, "commander"),
        message(22, "Head of product", "Is it us or them? I would rather not say “them” in public."),
        fact("After the switch was turned off", "Workers are free within a minute. Orders come in, prices are an hour old."),
        message(28, "The supplier's support", "We see elevated errors now, and work on it. No estimate."),
        ends("errors"),
    ),
    expectations=expect(update=20, mitigation=22, communications=20, handoff=True),
)  # fmt: skip

DNS = Story(
    key="dns",
    name="Names of {service_name} do not resolve",
    practises="It works here and not there: find out for whom, before finding out why.",
    level=3,
    severity=1,
    minutes=45,
    story="""A record was deleted by a tidy-up of old DNS entries. Caches hold it for up to an hour, so for some everything works, for
others nothing does, and for more of them every minute. Adding it again helps new look-ups at once; caches of “no such name” last 15
minutes.

**Watch for:** do they compare who sees it and who does not? Does the severity rise with what they learn? Is “it works for me” a finding?""",
    injects=(
        alert(0, "traffic", "{service_name}: traffic is down by 20 %", "Compared with the same hour last week. Error rate is normal.", name="TrafficDrop", severity="error"),
        fact("From the office", "It works."),
        fact("From outside, by three probes", "Two work. One says: no such name.", "For whom is it broken?"),
        message(6, "A customer", "Your site does not exist? My colleague next to me has no problem."),
        fact("The servers that know the name", "No record for {service}. The zone was changed 25 minutes ago."),
        fact("The change in the zone", "“Remove unused records”: 14 names, by a script, approved by one person."),
        alert(14, "traffic2", "{service_name}: traffic is down by 60 %", "And falling.", name="TrafficDropLarge"),
        message(18, "Support", "It is on social media now. Can we post something, and where does it stand?"),
        fact("After the record is back", "New look-ups work. Traffic is back to 95 % after 15 minutes, when caches have forgotten."),
        ends("traffic"),
        ends("traffic2"),
    ),
    expectations=expect(acknowledged=5, declared=12, commander=14, severity=1, update=20, mitigation=25, communications=20, resolved=45),
)  # fmt: skip

STORIES = (BAD_DEPLOY, DISK_FULL, CERTIFICATE, SLOW_DATABASE, DEPENDENCY, DNS)
