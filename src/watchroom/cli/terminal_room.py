"""The room in a terminal: the log runs above, one line to type into stays below."""

from __future__ import annotations

import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console
from rich.text import Text

from ..kernel.errors import WatchroomError
from .catching_up import caught_up
from .client import Api

_COLOURS = {
    "symptom": "red",
    "hypothesis": "magenta",
    "action": "blue",
    "result": "green",
    "decision": "yellow",
    "question": "cyan",
    "system": "dim",
}
_FIRST_LINES = 30
_LOCAL_EVERY_SECONDS = 1.0
_AGAIN_AFTER_SECONDS = 3.0


class Words(Completer):
    """Completes /commands at the beginning of a line, and @people."""

    def __init__(self, words: dict[str, Any]) -> None:
        self._commands = [(each["name"], each["does"]) for each in words["commands"]]
        self._people = [(each["handle"], each["name"]) for each in words["people"]]

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What fits the word before the cursor."""
        left = document.text_before_cursor
        word = left.rsplit(" ", 1)[-1]
        if left.startswith("/") and " " not in left:
            fits, sign = self._commands, "/"
        elif word.startswith("@"):
            fits, sign = self._people, "@"
        else:
            return
        typed = word[1:].lower()
        for name, meaning in fits:
            if name.startswith(typed) or any(part.startswith(typed) for part in meaning.lower().split() if sign == "@"):
                yield Completion(
                    f"{sign}{name} ", start_position=-len(word), display=f"{sign}{name}", display_meta=meaning
                )


class TerminalRoom:
    """One incident: what was shown of it, and what waits to be sent."""

    def __init__(self, api: Api, id: int, show: Callable[[Text], None], zone: tzinfo = UTC) -> None:
        self._api, self._id, self._show, self._zone = api, id, show, zone
        self._since = ""
        self._shown: dict[int, str] = {}
        self._waiting: list[tuple[str, str]] = []
        self._lock = threading.RLock()
        self._held_back = ""
        self.state = ""

    def read(self) -> None:
        """Show what has been written or changed since the last time; the newest lines at first."""
        with self._lock:
            if self._since:
                found = self._api.get(f"/incidents/{self._id}/log", since=self._since, limit=200)["items"]
            else:
                found = self._api.get(f"/incidents/{self._id}/log", newest="true", limit=_FIRST_LINES)["items"]
            for entry in reversed(found):
                if self._shown.get(entry["id"]) != entry["changed_at"]:
                    self._show(line_of(entry, zone=self._zone, changed=entry["id"] in self._shown))
                    self._shown[entry["id"]] = entry["changed_at"]
                self._since = max(self._since, entry["changed_at"])
            self._read_state()

    def _read_state(self) -> None:
        found = self._api.get(f"/incidents/{self._id}/catch-up")
        due = f" · next update {on_the_wall(found['next_update_at'], self._zone)}" if found["next_update_at"] else ""
        overdue = " (overdue)" if found["update_overdue"] else ""
        step = f" · next: {found['next']}" if found["next"] else ""
        leads = found["next_by"] or "nobody"
        waiting = f" · {len(self._waiting)} waiting to be sent" if self._waiting else ""
        self.state = f"#{self._id} {found['state']} · {leads} leads{due}{overdue}{step}{waiting}"

    def type(self, line: str) -> None:
        """Carry out a line that somebody types: one whose words blame is shown to them first, and sent when it comes a
        second time as it stands."""
        if line == self._held_back:
            self._held_back = ""
        elif found := self._blames(line):
            self._held_back = line
            for each in found:
                self._show(Text(f"“{each['phrase']}”: {each['why']} {each['better']}", style="yellow"))
                self._show(Text(f"  For example: {each['instead']}", style="yellow"))
            self._show(Text("Nobody has seen it yet. Put it better, or send the same line again.", style="bold"))
            return
        self.write(line)

    def _blames(self, line: str) -> list[dict[str, Any]]:
        try:
            return list(self._api.post("/wording", text=line))
        except WatchroomError:  # no connection: the line waits, and whoever wrote it may be gone when it is sent
            return []

    def write(self, line: str) -> None:
        """Carry out a line. Without a connection it waits, and is sent later: in order, and once."""
        with self._lock:
            self._waiting.append((line, uuid.uuid4().hex))
            self.send_waiting()

    def send_waiting(self) -> None:
        """Send what waits, as far as the connection carries."""
        with self._lock:
            while self._waiting:
                line, key = self._waiting[0]
                try:
                    answer = self._api.post(f"/incidents/{self._id}/say", text=line, client_key=key)
                except WatchroomError as error:
                    if "can't be reached" in error.message:
                        self._show(Text(f"Waiting to be sent: {line}", style="dim"))
                        return
                    self._waiting.pop(0)
                    self._show(Text(f"Not done: {error.message} {error.fix or ''}".strip(), style="bold red"))
                else:
                    self._waiting.pop(0)
                    if answer["entry"] is None:
                        self._show(Text(answer["text"], style="bold"))

    def listen(self, stop: threading.Event) -> None:
        """Read again whenever something moves, until ``stop``."""
        while not stop.is_set():
            try:
                for _ in self._moves(stop):
                    if stop.is_set():
                        return
                    self.send_waiting()
                    self.read()
            except (WatchroomError, httpx.HTTPError, ValueError) as error:
                self.state = f"#{self._id} No connection: {error}"[:150]
            stop.wait(_AGAIN_AFTER_SECONDS)

    def _moves(self, stop: threading.Event) -> Iterator[None]:
        if isinstance(
            self._api.http._transport, httpx.WSGITransport
        ):  # this very machine: there is no gate to listen to
            while not stop.wait(_LOCAL_EVERY_SECONDS):
                yield
            return
        yield
        path = self._api.get(f"/incidents/{self._id}/live")["path"]
        with self._api.http.stream("GET", path, timeout=httpx.Timeout(30)) as answer:
            for line in answer.iter_lines():
                if line.startswith("data:") and json.loads(line[5:]).get("topics"):
                    yield


def on_the_wall(at: str, zone: tzinfo) -> str:
    """The time of day in ``zone``."""
    return f"{datetime.fromisoformat(at).astimezone(zone):%H:%M}"


def zone_of(api: Api) -> tzinfo:
    """The time zone of whoever sits here, as their pages show times; of a token that is nobody's, UTC."""
    try:
        return ZoneInfo(api.get("/people/me")["timezone"])
    except (WatchroomError, ZoneInfoNotFoundError):
        return UTC


def line_of(entry: dict[str, Any], *, zone: tzinfo = UTC, changed: bool = False) -> Text:
    """A line of the log, with its number for /-commands."""
    kind, who = entry["kind"], (entry["author"] or entry["data"].get("source") or {}).get("name", "Watchroom")
    standing = f" ({entry['standing'].replace('_', ' ')})" if entry["standing"] else ""
    files = "".join(f" [{each['name']}]" for each in entry["attachments"])
    return Text.assemble(
        (on_the_wall(entry["at"], zone), "dim"),
        " ",
        (f"{'~' if changed else ''}{kind}{standing}", _COLOURS.get(kind, "")),
        (f" {who} ", "dim") if kind != "system" else " ",
        (entry["text"] + files, "dim" if kind == "system" else ""),
        (f"  #{entry['id']}", "dim"),
    )


def sit(api: Api, id: int) -> dict[str, Any]:
    """Stay until the end of input. What is piped in is carried out line by line."""
    console = Console(highlight=False, soft_wrap=True, force_terminal=sys.stdout.isatty())
    zone = zone_of(api)
    room = TerminalRoom(api, id, console.print, zone)
    room.read()
    if not sys.stdin.isatty():
        for line in sys.stdin:
            if line.strip():
                room.write(line.strip())
        room.read()
        console.print(Text(room.state, style="bold"))
        return {"incident": id}
    caught_up(api.get(f"/incidents/{id}/catch-up") | {"news": []})
    console.print(Text(f"Times are those of {zone}. /help says what can be typed, /quit leaves.", style="dim"))
    converse(room, PromptSession("> ", completer=Words(api.get(f"/incidents/{id}/words")), complete_while_typing=True))
    return {"incident": id}


def converse(room: TerminalRoom, session: PromptSession[str]) -> None:
    """Type and see, until Ctrl-D or /quit."""
    stop = threading.Event()
    listening = threading.Thread(target=room.listen, args=(stop,), daemon=True)
    with patch_stdout(raw=True):
        listening.start()
        try:
            while True:
                line = session.prompt(bottom_toolbar=lambda: room.state, refresh_interval=1.0).strip()
                if line in {"/quit", "/exit", "/q!"}:
                    return
                if line:
                    room.type(line)
        except (EOFError, KeyboardInterrupt):
            return
        finally:
            stop.set()
