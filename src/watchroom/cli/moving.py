"""Commands that take over what another tool for on-call holds: read there, translated here, applied only when asked."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import httpx
import yaml

from ..kernel import clock
from ..kernel.durations import duration
from ..kernel.errors import Refused, WatchroomError
from .client import Api, api_command
from .together import together

PROVED = timedelta(days=28)  # whom they have on call is compared for so long
_TRIES, _WAIT_SECONDS, _LONGEST_WAIT_SECONDS, _TIMEOUT_SECONDS = 6, 5.0, 60.0, 30.0


class There:
    """The other tool's API, read only. It may ask us to slow down; then we do."""

    def __init__(self, url: str, headers: dict[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        try:
            self.http = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=_TIMEOUT_SECONDS)
        except httpx.InvalidURL as error:
            raise Refused(f"{url!r} is no address: {error}", field="--api", value=url, fix="Check --api.") from None
        self.pause = pause

    def __enter__(self) -> There:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The parsed answer.

        :raises WatchroomError: it refused, can't be reached, or answers with what is no JSON.
        """
        for _ in range(_TRIES):
            try:
                answer = self.http.get(path, params=query)
            except httpx.HTTPError as error:
                raise WatchroomError(f"{self.http.base_url} can't be reached: {error}.", fix="Check --api.") from error
            if answer.status_code != 429:
                break
            self.pause(_asked_to_wait(answer))
        if answer.status_code >= 400:
            raise WatchroomError(
                f"GET {answer.url} answered {answer.status_code}: {answer.text[:200]}",
                fix="Check the token: reading is enough. An account in the EU has another address: --api.",
            )
        try:
            return answer.json()
        except ValueError:
            raise WatchroomError(f"{answer.url} did not answer with JSON.", fix="Check --api.") from None


def _asked_to_wait(answer: httpx.Response) -> float:
    """For how many seconds, as far as that can be read."""
    said = answer.headers.get("Retry-After") or answer.headers.get("ratelimit-reset") or ""
    return min(float(said), _LONGEST_WAIT_SECONDS) if said.isdecimal() else _WAIT_SECONDS


def read_pagerduty(there: There, since: datetime, until: datetime) -> dict[str, Any]:
    """People with how they are reached, teams with who is in them, schedules as they are and as they come out, policies,
    services. Pages are counted by ``offset`` and ``more``."""

    def every(path: str, name: str, **query: Any) -> Iterator[Any]:
        offset = 0
        while True:
            answer = there.get(path, limit=100, offset=offset, **query)
            yield from answer[name]
            offset += len(answer[name])
            if not answer.get("more") or not answer[name]:
                return

    span = {"since": since.isoformat(), "until": until.isoformat()}
    teams = list(every("/teams", "teams"))
    return {
        "tool": "pagerduty",
        **span,
        "users": list(every("/users", "users", **{"include[]": ["contact_methods", "notification_rules"]})),
        "teams": teams,
        "members": {team["id"]: list(every(f"/teams/{team['id']}/members", "members")) for team in teams},
        "schedules": [
            there.get(f"/schedules/{each['id']}", **span)["schedule"] for each in every("/schedules", "schedules")
        ],
        "escalation_policies": list(every("/escalation_policies", "escalation_policies")),
        "services": list(every("/services", "services")),
    }


def read_opsgenie(there: There, since: datetime, until: datetime) -> dict[str, Any]:
    """People, teams with who is in them and where their alerts go, schedules with rotations and their timeline, escalations,
    services. Pages are followed by ``offset`` as long as there is a next one."""

    def every(path: str, **query: Any) -> Iterator[Any]:
        offset = 0
        while True:
            answer = there.get(path, limit=100, offset=offset, **query)
            yield from answer["data"]
            offset += len(answer["data"])
            if not (answer.get("paging") or {}).get("next") or not answer["data"]:
                return

    def one(path: str, **query: Any) -> Any:
        return there.get(path, **query)["data"]

    teams = [one(f"/v2/teams/{each['id']}") for each in one("/v2/teams")]
    weeks = (until - since).days // 7
    timeline = {"interval": weeks, "intervalUnit": "weeks", "date": since.isoformat()}
    return {
        "tool": "opsgenie",
        "since": since.isoformat(),
        "until": until.isoformat(),
        "users": list(every("/v2/users")),
        "teams": teams,
        "routing_rules": {team["id"]: one(f"/v2/teams/{team['id']}/routing-rules") for team in teams},
        "schedules": [
            each | {"timeline": one(f"/v2/schedules/{each['id']}/timeline", **timeline)}
            for each in one("/v2/schedules", expand="rotation")
        ],
        "escalations": one("/v2/escalations"),
        "services": list(every("/v1/services")),
    }


def read_grafana_oncall(there: There, since: datetime, until: datetime) -> dict[str, Any]:
    """People, teams, schedules with who is on call in the end, shifts, escalation chains with their steps. Pages are counted
    by ``page`` as long as there is a next one. It tells of whole days, so the time that is compared begins with one."""

    def every(path: str, **query: Any) -> Iterator[Any]:
        page = 1
        while True:
            answer = there.get(f"/api/v1/{path}/", page=page, **query)
            yield from answer["results"]
            page += 1
            if not answer.get("next") or not answer["results"]:
                return

    first = since.replace(hour=0) + timedelta(days=1)
    last = until.replace(hour=0)
    days = {"start_date": f"{first:%Y-%m-%d}", "end_date": f"{last:%Y-%m-%d}"}
    return {
        "tool": "grafana-oncall",
        "since": first.isoformat(),
        "until": last.isoformat(),
        "users": list(every("users")),
        "teams": list(every("teams")),
        "schedules": [
            each | {"final_shifts": list(every(f"schedules/{each['id']}/final_shifts", **days))}
            for each in every("schedules")
        ],
        "on_call_shifts": list(every("on_call_shifts")),
        "escalation_chains": list(every("escalation_chains")),
        "escalation_policies": list(every("escalation_policies")),
    }


_options = together(
    click.option("--team", required=True, help="Slug of the team that gets what belongs to no team there."),
    click.option("--api", "address", help="Of an account in the EU, or of a stand-in."),
    click.option(
        "--read",
        "given",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="What was saved before, instead of asking.",
    ),
    click.option(
        "--save", type=click.Path(path_type=Path), help="Keep what was read there, to look at or to translate again."
    ),
    click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the file for `watchroom apply` there."),
    click.option("--update", is_flag=True, help="Take theirs also for what has the same name and team here."),
    click.option("--apply", "do_apply", is_flag=True, help="Apply it; without this nothing is changed."),
)


@click.command("pagerduty")
@_options
@api_command
def pagerduty(api: Api, address: str | None, **options: Any) -> Any:
    """Take over people, teams, schedules, policies and services from PagerDuty, and prove who would be on call.

    The token (read-only is enough) is taken from PAGERDUTY_TOKEN.
    """
    from ..config.moving.pagerduty import PagerDuty

    headers = {"Authorization": f"Token token={os.environ.get('PAGERDUTY_TOKEN', '')}", "Accept": "application/vnd.pagerduty+json;version=2"}  # fmt: skip
    where = address or "https://api.pagerduty.com"
    return _move(api, "PAGERDUTY_TOKEN", _asking(read_pagerduty, where, headers), PagerDuty, **options)


@click.command("opsgenie")
@_options
@api_command
def opsgenie(api: Api, address: str | None, **options: Any) -> Any:
    """Take over people, teams, schedules, escalations and services from Opsgenie, and prove who would be on call.

    The key of an API integration that may read configuration is taken from OPSGENIE_KEY.
    """
    from ..config.moving.opsgenie import Opsgenie

    headers = {"Authorization": f"GenieKey {os.environ.get('OPSGENIE_KEY', '')}"}
    where = address or "https://api.opsgenie.com"
    return _move(api, "OPSGENIE_KEY", _asking(read_opsgenie, where, headers), Opsgenie, **options)


@click.command("grafana-oncall")
@_options
@api_command
def grafana_oncall(api: Api, address: str | None, **options: Any) -> Any:
    """Take over people, teams, schedules and escalation chains from Grafana OnCall, and prove who would be on call.

    The token of its API is taken from ONCALL_TOKEN; --api is the address that its settings show.
    """
    from ..config.moving.grafana_oncall import GrafanaOncall

    if not address and options["given"] is None:
        raise Refused("Whose API?", field="--api", value="", fix="Give the address that its settings show, or --read.")
    headers = {"Authorization": os.environ.get("ONCALL_TOKEN", "")}
    where = address or ""
    return _move(api, "ONCALL_TOKEN", _asking(read_grafana_oncall, where, headers), GrafanaOncall, **options)


_Ask = Callable[[datetime, datetime], dict[str, Any]]


def _asking(read: Callable[[There, datetime, datetime], dict[str, Any]], where: str, headers: dict[str, str]) -> _Ask:
    """What reads the tool at the address ``where``, and hangs up."""

    def ask(since: datetime, until: datetime) -> dict[str, Any]:
        with There(where, headers) as there:
            return read(there, since, until)

    return ask


def _move(
    api: Api,
    secret: str,
    ask: _Ask,
    translation: Callable[..., Any],
    *,
    team: str,
    given: Path | None,
    save: Path | None,
    output: Path | None,
    update: bool,
    do_apply: bool,
) -> Any:
    from ..config.moving.proof import proofs

    now = clock.now().replace(minute=0, second=0, microsecond=0)
    if given is None and not os.environ.get(secret):
        raise Refused("There is no token.", field=secret, value="", fix=f"Set {secret}, or give --read FILE.")
    here = api.get("/config/export")
    try:
        read = _saved(given) if given is not None else ask(now, now + PROVED)
        if save is not None:
            _keep(save, read)
        moved = translation(read, team=team, at=now, here=here, update=update).moved()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise WatchroomError(
            f"What was read has another form than that tool's API gives: {type(error).__name__} {error}.",
            fix="Check --api, or the file of --read. If both are right, tell us: that is a defect.",
        ) from error
    plan = api.call("POST", "/config/plan", {"document": moved.document, "prune": False})["steps"]
    proved = proofs(moved)
    lines = [f"{note.about}: {note.text} {note.fix}" for note in moved.notes]
    taken = _overrides(moved, now)
    lines += ["", *map(_proved, proved), "", *(step["text"] for step in plan), *map(_taken, taken)]
    found = {
        "document": moved.document,
        "notes": [note.__dict__ for note in moved.notes],
        "proofs": [_as_json(proof) for proof in proved],
        "steps": plan,
        "overrides": taken,
    }
    done = [taken_over(api, found, output, do_apply)]
    if do_apply and taken:
        found["overrides_made"] = sum(_override(api, each) for each in taken)
        done.append(f"Overrides made: {found['overrides_made']}.")
    elif taken:
        done.append("Overrides are in no file: --apply makes them.")
    return found, "\n".join([*lines, "", *done]).strip()


def _overrides(moved: Any, now: datetime) -> list[dict[str, str]]:
    """Of the schedules that are taken over: who takes them for a while, and is not through with it."""
    slugs = {each["slug"] for each in moved.document.get("schedules", ())}
    return [
        {"schedule": slug, "person": each.email, "starts_at": each.starts_at.isoformat(), "ends_at": each.ends_at.isoformat()}
        for slug, rows in moved.overrides.items()
        if slug in slugs
        for each in rows
        if each.ends_at > now
    ]  # fmt: skip


def _taken(each: Mapping[str, str]) -> str:
    return f"override of {each['schedule']}: {each['person']} from {each['starts_at']} to {each['ends_at']}"


def _override(api: Api, wanted: dict[str, str]) -> bool:
    """Make it, and say so, unless it is there."""
    slug, email, starts, ends = wanted["schedule"], wanted["person"], wanted["starts_at"], wanted["ends_at"]
    person = next(each["id"] for each in api.get("/people", q=email)["items"] if each["email"].lower() == email)
    for each in api.get(f"/schedules/{slug}")["overrides"]:
        begun, over = (datetime.fromisoformat(each[name]) for name in ("starts_at", "ends_at"))
        # One that has begun there begins here when it is made.
        if (
            each["person"]["id"] == person
            and over == datetime.fromisoformat(ends)
            and begun >= datetime.fromisoformat(starts)
        ):
            return False
    api.post(f"/schedules/{slug}/overrides", person=email, starts_at=starts, ends_at=ends, reason="Taken over.")
    return True


def taken_over(api: Api, found: dict[str, Any], output: Path | None, do_apply: bool) -> str:
    """Write the document that was ``found`` into a file, or apply it, as was asked; and what of that was done, in words."""
    if output is not None:
        output.write_text(yaml.safe_dump(found["document"], sort_keys=False, allow_unicode=True, width=120))
    if do_apply:
        found["applied"] = api.call("POST", "/config/apply", {"document": found["document"], "prune": False})["steps"]
        return f"Applied: {len(found['applied'])} changes."
    if output is not None:
        return f"Written to {output}. Nothing is changed until `watchroom apply -f {output}`."
    return "Nothing is changed. Write it to a file with -o FILE, or apply it with --apply."


def _saved(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused("That is no file that --save has written.", field="--read", value=str(path), fix="Save it anew.")
    return found


def _keep(path: Path, read: dict[str, Any]) -> None:
    """For its owner alone: it holds people's telephone numbers."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(read, indent=1))


def _proved(proof: Any) -> str:
    compared = f"{proof.compared.total_seconds() / 86400:.0f} days"
    if not proof.compared:
        return f"Schedule {proof.schedule}: nothing of the time could be compared."
    if not proof.differs:
        return f"Schedule {proof.schedule}: {compared} compared, the same people at every moment."
    first = proof.first
    theirs, ours = (", ".join(each) or "nobody" for each in (first.theirs, first.ours))
    return (
        f"Schedule {proof.schedule}: {compared} compared, other people for {duration(proof.differs)}. First at "
        f"{first.at:%Y-%m-%d %H:%M} UTC: there {theirs}, here {ours}."
    )


def _as_json(proof: Any) -> dict[str, Any]:
    first = proof.first
    return {
        "schedule": proof.schedule,
        "compared_seconds": proof.compared.total_seconds(),
        "differs_seconds": proof.differs.total_seconds(),
        "first": first and {"at": first.at.isoformat(), "theirs": list(first.theirs), "ours": list(first.ours)},
    }
