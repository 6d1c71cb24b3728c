"""What a line typed into the room means: an entry of the log, or a /-command."""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = ("symptom", "hypothesis", "action", "result", "decision", "note", "question")


@dataclass(frozen=True)
class Command:
    """One /-command, as the completion shows it."""

    name: str
    example: str
    does: str


COMMANDS = (
    Command("symptom", "/symptom Cards are declined since 09:12", "What fails, for whom, since when"),
    Command("hypothesis", "/hypothesis Release 4.18 leaks connections", "What it could be"),
    Command("action", "/action Restarted checkout-3", "What you did"),
    Command("result", "/result Error rate is back to 0.1 %", "What came of it"),
    Command("decision", "/decision We roll back", "What was decided"),
    Command("note", "/note Ada has the dashboard open", "Anything else"),
    Command("question", "/question Did anyone change the proxy?", "What you need to know"),
    Command("answer", "/answer #12 No, nobody did", "Answer a question (without a number, the newest)"),
    Command("test", "/test #12", "You test this hypothesis"),
    Command("confirm", "/confirm #12 The graph shows it", "This hypothesis is right"),
    Command("rule-out", "/rule-out #12 Old pods fail, too", "This hypothesis is wrong"),
    Command("task", "/task @ada Look at the proxy’s log", "Something to be done, by somebody or anybody"),
    Command("done", "/done 3", "A task is done"),
    Command("park", "/park The runbook is out of date", "Noticed, but not this incident"),
    Command(
        "mitigate",
        "/mitigate Roll back checkout",
        "What you try; what is in the catalog under that name is carried out",
    ),
    Command("runbook", "/runbook disk-full", "Begin a runbook; then /runbook done, failed, skip, answer, helped"),
    Command("ack", "/ack", "Acknowledge the alerts of this incident"),
    Command("role", "/role commander @ada", "Take a role, or ask somebody to take it"),
    Command("accept", "/accept", "You do it: the role that you are asked for"),
    Command("decline", "/decline I am on a train", "You can’t: the next one is asked for that role"),
    Command(
        "handoff",
        "/handoff @ada We roll back; watch the queue",
        "Hand your role over in writing (or name the role first)",
    ),
    Command("follow", "/follow", "Be told, and never paged for it: updates, important or everything"),
    Command("unfollow", "/unfollow", "No longer be told"),
    Command("status", "/status mitigated", "active, mitigated, resolved, or a state of your own"),
    Command("resolve", "/resolve", "It is over"),
    Command("severity", "/severity 1 More than half fail", "1 (worst) to 5, and why"),
    Command("impact", "/impact Nobody can pay by card", "Who notices what"),
    Command("summary", "/summary Release 4.18; rolling back", "What we know"),
    Command("update", "/update We are on it. next 30m", "Tell stakeholders, and promise the next update"),
    Command("page", "/page @ada Can you look at the proxy?", "Page somebody until they answer"),
    Command("help", "/help task", "What a command does; alone: all of them"),
)
_BY_NAME = {command.name: command for command in COMMANDS}
_SHORT = {
    "ruleout": "rule-out",
    "sev": "severity",
    "h": "hypothesis",
    "q": "question",
    "acknowledge": "ack",
    "hand-off": "handoff",
    "handover": "handoff",
}

_COMMAND = re.compile(r"/([A-Za-z][\w-]*)(?:\s+(.*))?", re.DOTALL)
_NUMBER = re.compile(r"#?(\d{1,18})(?=\s|$)\s*(.*)", re.DOTALL)
_NEXT = re.compile(r"\s*\bnext\s+(?:in\s+)?(\d{1,4})\s*(m|min|h)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """A line that was typed. ``command`` is the name of a /-command, of a kind of entry, or empty: just text."""

    command: str
    text: str

    @property
    def is_entry(self) -> bool:
        return self.command in {"", *KINDS}


class Unknown(ValueError):
    """There is no such /-command."""


def read(line: str) -> Said:
    """What ``line`` means. A line that does not begin like a command (``/etc/hosts is full``) is text; ``//`` at its
    beginning stands for a slash.

    :raises Unknown: it begins like a command, and there is none of that name.
    """
    line = line.strip()
    if line.startswith("//"):
        return Said("", line[1:])
    match = _COMMAND.fullmatch(line)
    if match is None:
        return Said("", line)
    name = match[1].lower()
    name = _SHORT.get(name, name)
    if name not in _BY_NAME:
        raise Unknown(name)
    return Said(name, (match[2] or "").strip())


def help_with(text: str) -> str:
    """What stands in the help: about one command, or about all of them.

    :raises Unknown: there is none of that name.
    """
    name = text.strip().lstrip("/").lower()
    if not name:
        lines = [f"{each.example}: {each.does}" for each in COMMANDS]
        return "\n".join([*lines, "// at the beginning writes a slash."])
    found = _BY_NAME.get(_SHORT.get(name, name))
    if found is None:
        raise Unknown(name)
    return f"/{found.name}: {found.does}. For example: {found.example}"


def number_first(text: str) -> tuple[int | None, str]:
    """``#12 the rest`` or ``12 the rest``: the number, and the rest."""
    match = _NUMBER.fullmatch(text.strip())
    return (int(match[1]), match[2].strip()) if match else (None, text.strip())


def promise_last(text: str) -> tuple[str, int | None]:
    """``We are on it. next 30m``: the words, and the minutes until the next update."""
    match = _NEXT.search(text)
    if match is None:
        return text.strip(), None
    return text[: match.start()].strip(), int(match[1]) * (60 if match[2].lower() == "h" else 1)


def similar(name: str) -> list[str]:
    """Commands that ``name`` could have meant, the likeliest first."""
    starts = [each for each in _BY_NAME if each.startswith(name[:2])]
    return starts[:3] or ["note", "task", "question"]
