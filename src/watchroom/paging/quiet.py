"""When a message waits although it is due: quiet hours and limits; and which messages go as one. Pure."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

BUNDLE_FROM = 3  # so many pages that are due at once go as one message
BUNDLES_FROM = {"voice": 2, "sms": 2}  # of two calls at once the second would find the line busy
LINES = frozenset({"voice"})  # channels that hold a line: the next message waits until the last one is over
CALL_LASTS = timedelta(seconds=90)  # ringing and talking, where nobody tells that it is over
LOOK_AT_LINE = timedelta(seconds=3)  # so often somebody looks whether a line has become free
STORM_FROM, STORM_WITHIN = 3, timedelta(seconds=60)
WINDOW_MOST = timedelta(hours=1)
SEVERITIES = ("critical", "error", "warning", "info")


@dataclass(frozen=True)
class Hours:
    """Hours in which what can wait does wait, by the clock on the person's wall. An end at or before the start lies on
    the next day; the same start and end: the whole day."""

    zone: str
    start: time
    end: time

    def until(self, at: datetime) -> datetime | None:
        """When the quiet hours that hold ``at`` end, or None outside them."""
        zone = ZoneInfo(self.zone)
        local = at.astimezone(zone)
        for days in (-1, 0):
            day = local.date() + timedelta(days=days)
            begin = datetime.combine(day, self.start)
            over = self.end <= self.start
            finish = datetime.combine(day + timedelta(days=1) if over else day, self.end)
            # As instants: a clock that is put forward or back in between changes how long they last, not their ends.
            first, last = (each.replace(tzinfo=zone).astimezone(UTC) for each in (begin, finish))
            if first <= at < last:
                return last
        return None


def outside(quiet: Hours | None, due: datetime) -> tuple[datetime, str]:
    """When a message that is due at ``due`` goes, and why it waits if it does."""
    until = quiet.until(due) if quiet else None
    return (until, f"waits for the end of quiet hours at {quiet.end:%H:%M}") if quiet and until else (due, "")


@dataclass(frozen=True)
class Limit:
    """At most ``count`` messages within ``within`` by one method. ``collect``: in a storm, how long a further problem may
    wait so that several go as one; zero unless the person asks for it."""

    count: int
    within: timedelta
    collect: timedelta = timedelta()


DEFAULT_LIMIT = Limit(20, timedelta(minutes=1))
LIMITS = {"sms": Limit(6, timedelta(minutes=5)), "voice": Limit(3, timedelta(minutes=5))}


@dataclass(frozen=True)
class Due:
    """A message that is due. ``repeat``: this method has told of the same problem before; ``page``: it asks for an
    answer; ``since``: when its person's rules let it go first (None: now)."""

    key: int
    page: bool
    repeat: bool
    drill: bool = False
    since: datetime | None = None


def free_at(limit: Limit, sent: Sequence[datetime], now: datetime) -> datetime:
    """When the next message keeps within the limit: now, or when the oldest of the last ``count`` leaves the window."""
    recent = sorted(at for at in sent if at > now - limit.within)
    return recent[-limit.count] + limit.within if len(recent) >= limit.count else now


def collected_until(limit: Limit, sent: Sequence[datetime], now: datetime, since: datetime) -> datetime:
    """How long a further problem that could go ``since`` waits for others in a storm, which may last: never for more than
    ``limit.collect`` in all. Now where there is no storm, or nobody asked for it."""
    recent = [at for at in sent if at > now - STORM_WITHIN]
    if not limit.collect or len(recent) < STORM_FROM:
        return now
    return max(now, min(max(recent), since) + limit.collect)


@dataclass(frozen=True)
class Sorted:
    """What is to be done with messages of one method that are due: those in one group go as one message."""

    groups: tuple[tuple[int, ...], ...]
    held: tuple[tuple[int, datetime], ...]


def sort_out(
    due: Iterable[Due],
    limit: Limit,
    sent: Sequence[datetime],
    now: datetime,
    *,
    bundles: bool,
    bundle_from: int = BUNDLE_FROM,
) -> Sorted:
    """The first word about a problem goes at once, whatever the limit: only repeats and what asks for no answer wait for
    it. Pages that go at the same moment are bundled, and repeats that would have had to wait go along."""
    messages = list(due)
    free = free_at(limit, sent, now)
    waits = {
        each.key: free if each.repeat or not each.page else collected_until(limit, sent, now, each.since or now)
        for each in messages
    }
    pages = [each for each in messages if each.page and bundles]
    going = [each for each in pages if waits[each.key] <= now]
    groups: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for drill in (False, True):
        first = [each.key for each in going if each.drill is drill]
        along = [each.key for each in pages if each.drill is drill and each.key not in first]
        if len(first) >= bundle_from or (first and along):
            groups.append((*first, *along))
            taken.update((*first, *along))
    groups += [(each.key,) for each in messages if each.key not in taken and waits[each.key] <= now]
    held = tuple((each.key, waits[each.key]) for each in messages if each.key not in taken and waits[each.key] > now)
    return Sorted(tuple(groups), held)


def one_at_a_time(lines: Sequence[Hashable | None], engaged: Container[Hashable]) -> list[bool]:
    """Which of these messages go now, in their order; of each the line that it takes, or None. A line carries one at a
    time, and none while it is engaged: a second call at the same moment would find it busy, and count as failed."""
    taken: set[Hashable] = set()
    going = []
    for line in lines:
        going.append(line is None or (line not in engaged and line not in taken))
        taken.add(line)
    return going


def worst(severities: Sequence[str]) -> int:
    """The place of the worst of them; the first where none is known."""
    ranks = [SEVERITIES.index(each) if each in SEVERITIES else len(SEVERITIES) for each in severities]
    return ranks.index(min(ranks))
