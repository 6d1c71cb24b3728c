"""Runbooks as Markdown: what a wiki has, read; and written so that it is read back as it was. Pure.

Written, a runbook is a heading with its name, a quotation that says when to use it, a heading for each part, and a numbered
list of steps. Behind each step's text stand lines such as ``- **Expect:** …``; a key that its title does not lead to stands
behind the title as ``{#key}``, and answers are links to it. https://spec.commonmark.org/0.31.2/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markdown_it import MarkdownIt

from .check import LONGEST, MOST_STEPS, tidy_text, with_keys
from .steps import END, PART_WORDS, Answer, Part, Step

MOST_LETTERS = 100_000
_LONGEST_LINE = 2_000  # that is looked at for what we write ourselves: expressions take their time with a longer one
# Only which lines are a heading, a list, or code is asked: what stands within a line is not read.
_reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("inline")
_LABELS = {
    "expect": "Expect", "minutes": "Minutes", "indicator": "Indicator", "url": "Page", "mitigation": "Mitigation", "target": "Call",
}  # fmt: skip
_NAMES = {label.lower(): name for name, label in _LABELS.items()} | {
    "expected": "expect", "expected result": "expect", "result": "expect", "you should see": "expect",
}  # fmt: skip
_LINE = re.compile(r"(?:[-*+] )?\*\*([A-Za-z ]+?):\*\*\s+(\S.*)|(Expect(?:ed)?(?: result)?): (\S.*)")
_ANSWER = re.compile(r"[-*+] \*\*If:\*\* (\S.*) → (?:\[.*\]\(#([a-z0-9-]+)\)|(next step|the end))")
_KEY = re.compile(r"\{#([a-z0-9-]{1,40})\}$")
_SPECIAL = "\\-+*#>~`=|<_[:"
_NUMBERED = re.compile(r"^(\d+)(\\*)([.)])")
_ITEM = re.compile(r"^(\s*(?:[-*+]|\d{1,9}[.)])(?:\s+|$))")
_HASHES = re.compile(r"((?:^|\s))(\\*)(#+)$")
_WORDS: tuple[tuple[Part, str], ...] = (
    ("call", r"\bcall\b|escalat|contact|on[- ]?call|who(?:m)? to|\bhelp\b"),
    ("resolve", r"resol|make sure|\bover\b|afterwards|clean|follow[- ]?up|wrap|verify (?:the )?(?:fix|recovery)"),
    (
        "mitigate",
        r"mitigat|remed|\bfix|bleeding|work ?around|restor|recover|roll ?back|repair|what to do|solution|action",
    ),
    ("diagnose", r"diagnos|investigat|find out|cause|troubleshoot|debug|triage|analy|look at|check(?:s|list)"),
    ("confirm", r"confirm|verif|symptom|is it real|detect|impact|alert|first"),
)  # the first whose words stand in a heading
_PARTS = tuple((part, re.compile(words, re.IGNORECASE)) for part, words in _WORDS)


@dataclass(frozen=True)
class Pasted:
    """A runbook as it was read. ``notes`` say what could not be kept as it stood."""

    name: str
    summary: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


# --- Writing ---------------------------------------------------------------------------------------------------------


def written(name: str, summary: str, steps: Sequence[Step]) -> str:
    """The runbook as Markdown."""
    lines = [f"# {_with_hashes(name)}", ""]
    if summary:
        lines += [*(f"> {line}".rstrip() for line in summary.split("\n")), ""]
    part, number = None, 0
    for at, step in enumerate(steps):
        if step.part != part:
            part, number = step.part, 0
            lines += [f"## {PART_WORDS[step.part]}", ""]
        number += 1
        # A key is written where reading would make another one of the title.
        made = with_keys([*steps[:at], replace(step, key="")])[-1].key
        lines += _step(step, number, made != step.key or bool(_KEY.search(step.title)), steps)
    return "\n".join(lines).rstrip("\n") + "\n"


def _with_hashes(name: str) -> str:
    """A name whose last signs are no end of a heading."""
    return _HASHES.sub(lambda found: f"{found[1]}{found[2]}\\{found[3]}", name)


def _step(step: Step, number: int, with_key: bool, steps: Sequence[Step]) -> Iterator[str]:
    mark = f"{number}. "
    yield f"{mark}{_escaped(step.title)}{f' {{#{step.key}}}' if with_key else ''}"
    yield ""
    indent = " " * len(mark)
    if step.text:
        for line in step.text.split("\n"):
            yield f"{indent}{_guarded(line)}" if line else ""
        yield ""
    said = [
        f"- **{label}:** {value}" for name, label in _LABELS.items() if (value := getattr(step, name)) not in ("", None)
    ]
    titles = {each.key: each.title for each in steps}
    for answer in step.answers:
        shown = re.sub(r"[][→]+", " ", titles.get(answer.go_to, "")).strip()
        to = {"": "next step", END: "the end"}.get(answer.go_to) or f"[{shown}](#{answer.go_to})"
        said.append(f"- **If:** {answer.text} → {to}")
    if said:
        yield from (f"{indent}{line}" for line in said)
        yield ""


def _escaped(title: str) -> str:
    """A title that begins no list, heading or the like."""
    title = _NUMBERED.sub(r"\1\\\2\3", title)
    return f"\\{title}" if title[0] in _SPECIAL else title


def _unescaped(title: str) -> str:
    if len(title) > 1 and title[0] == "\\" and title[1] in _SPECIAL:
        return title[1:]
    found = _NUMBERED.match(title)
    return f"{found[1]}{found[2][1:]}{found[3]}{title[found.end() :]}" if found else title


def _guarded(line: str) -> str:
    """A line of a text that looks like one of ours is told from it by a backslash."""
    plain = line.lstrip()
    return f"{line[: len(line) - len(plain)]}\\{plain}" if _is_ours(plain.lstrip("\\")) else line


def _unguarded(line: str) -> str:
    plain = line.lstrip()
    ours = plain.startswith("\\") and _is_ours(plain.lstrip("\\"))
    return f"{line[: len(line) - len(plain)]}{plain[1:]}" if ours else line


def _is_ours(line: str) -> bool:
    return len(line) <= _LONGEST_LINE and bool(_ANSWER.fullmatch(line) or _field(line))


def _field(line: str) -> tuple[str, str] | None:
    found = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    name = _NAMES.get((found[1] or found[3]).lower()) if found else None
    value = (found[2] or found[4]).strip() if found else ""
    return None if name is None or (name == "minutes" and not re.match(r"[0-9]", value)) else (name, value)


# --- Reading ---------------------------------------------------------------------------------------------------------


@dataclass
class _Found:
    name: str = ""
    summary: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    part: Part = "confirm"
    begun: bool = False  # a part, or a list of steps
    heading: str = ""  # which names no part, and has not become anything yet
    lists: bool = False  # whether this section has a numbered list
    here: bool = False  # whether this section has a step


def read(text: str) -> Pasted:
    """Read what somebody has pasted. Nothing that is written is lost: what is no step goes into the text of the one before it."""
    text = tidy_text(text.replace("\0", ""))[:MOST_LETTERS]
    lines = text.split("\n")
    blocks = _blocks(text)
    found = _Found()
    for number, block in enumerate(blocks):
        if len(found.steps) > MOST_STEPS:  # too many: whoever checks them says so
            break
        if block.kind == "heading":
            _heading(found, block, lines, any(each.kind == "ordered" for each in _until_heading(blocks, number + 1)))
        elif not found.begun and block.kind == "quote" and not found.summary:
            found.summary.append("\n".join(re.sub(r"^ {0,3}> ?", "", line) for line in block.of(lines)))
        elif block.kind == "ordered" or (block.kind == "bullet" and found.begun and not found.lists):
            if found.heading:
                found.notes.append(f"The heading “{found.heading}” is left out: what stands under it became steps.")
                found.heading = ""
            found.begun = found.here = True
            found.steps += [_item(found.part, lines[start:end]) for start, end in block.items]
        elif block.kind != "line":
            _other(found, tidy_text("\n".join(block.of(lines))))
    if found.heading:
        found.steps.append(_told(found.part, found.heading, ""))
    # One more than there may be says that there are too many.
    steps = with_keys(_unique(_tidied(each) for each in found.steps[: MOST_STEPS + 1]))
    return Pasted(
        found.name, tidy_text("\n\n".join(found.summary)), tuple(map(_known_ends(steps), steps)), tuple(found.notes)
    )


def _tidied(step: Step) -> Step:
    return replace(step, title=" ".join(step.title.split())[:160].strip(), text=tidy_text(step.text))


def _unique(steps: Iterable[Step]) -> Iterator[Step]:
    """A key that was written twice is made anew."""
    seen: set[str] = {END}
    for step in steps:
        yield replace(step, key="") if step.key in seen else step
        seen |= {step.key} - {""}


def _known_ends(steps: Sequence[Step]) -> Any:
    keys = {step.key for step in steps} | {END, ""}

    def known(step: Step) -> Step:
        answers = tuple(each if each.go_to in keys else Answer(each.text) for each in step.answers)
        return replace(step, answers=answers)

    return known


@dataclass(frozen=True)
class _Block:
    kind: str
    start: int
    end: int
    level: int = 0
    items: list[tuple[int, int]] = field(default_factory=list)

    def of(self, lines: Sequence[str]) -> list[str]:
        return list(lines[self.start : self.end])


_KINDS = {
    "heading_open": "heading", "blockquote_open": "quote", "ordered_list_open": "ordered", "bullet_list_open": "bullet",
    "hr": "line",
}  # fmt: skip


def _blocks(text: str) -> list[_Block]:
    """What stands at the outermost level: which lines, and of a list the lines of each item."""
    found: list[_Block] = []
    items: list[tuple[int, int]] = []
    lines, covered = text.split("\n"), 0
    for token in _reader.parse(text):
        if token.map is None or token.nesting < 0:
            continue
        start, end = token.map
        if token.type == "list_item_open" and token.level == 1:
            found[-1].items.append((start, end))
        if token.level:
            continue
        if any(line.strip() for line in lines[covered:start]):  # such as where links lead that are named below a text
            found.append(_Block("other", covered, start))
        covered = max(covered, end)
        items = []
        level = int(token.tag[1]) if token.type == "heading_open" else 0
        found.append(_Block(_KINDS.get(token.type, "other"), start, end, level, items))
    if any(line.strip() for line in lines[covered:]):
        found.append(_Block("other", covered, len(lines)))
    return found


def _until_heading(blocks: Sequence[_Block], start: int) -> Iterator[_Block]:
    for number in range(start, len(blocks)):
        if blocks[number].kind == "heading":
            return
        yield blocks[number]


def _heading(found: _Found, block: _Block, lines: Sequence[str], lists: bool) -> None:
    line = lines[block.start].strip()[:_LONGEST_LINE]
    said = re.sub(r"(?:^|\s)#+$", "", re.sub(r"^#+\s*", "", line)).strip() if line.startswith("#") else line
    said = _HASHES.sub(lambda each: f"{each[1]}{each[2][1:]}{each[3]}", said)
    if found.heading:
        found.steps.append(_told(found.part, found.heading, ""))
        found.heading = ""
    if block.level == 1 and not found.name and not found.begun:
        found.name = said
        return
    found.lists, found.here = lists, False
    part = _part_of(said)
    if part is not None:
        found.part, found.begun = part, True
    else:
        found.heading = said


def _part_of(heading: str) -> Part | None:
    for part, words in PART_WORDS.items():
        if words.lower() == heading.lower() or part == heading.lower():
            return part
    return next((part for part, pattern in _PARTS if pattern.search(heading)), None)


def _other(found: _Found, text: str) -> None:
    """A paragraph, a block of code, a table, a list among others."""
    if found.heading:
        found.begun = found.here = True
        found.steps.append(_told(found.part, found.heading, text))
        found.heading = ""
    elif not found.begun:
        found.summary.append(text)
    elif found.here:
        last = found.steps[-1]
        if len(last.text) <= LONGEST["text"]:  # what is longer is refused, however much longer it is
            found.steps[-1] = replace(last, text=f"{last.text}\n\n{text}".strip("\n"))
    else:
        found.here = True
        first, _, rest = text.partition("\n")
        if first.startswith(("```", "~~~", "    ", "|", "<")) or len(first) > 160:
            found.steps.append(_told(found.part, "Read this" if len(first) > 160 else "Do this", text))
        else:
            found.steps.append(_told(found.part, first, rest))


def _told(part: Part, title: str, text: str) -> Step:
    return _with_fields(Step("", "do", part, _unescaped(title.strip()) or "Do this"), text.split("\n"))


def _item(part: Part, lines: Sequence[str]) -> Step:
    """An item of a list as a step: its first line is the title, the rest its text."""
    found = _ITEM.match(lines[0])
    width = len(found[1]) if found else 0
    first = lines[0][width:].strip()
    rest = [line[width:] if not line[:width].strip() else line.lstrip() for line in lines[1:]]
    first = re.sub(r"^\[[ xX]\]\s+", "", first)
    key = ""
    if named := _KEY.search(first):
        first, key = first[: named.start()].rstrip(), named[1]
    if first.startswith(("```", "~~~")):
        first, rest = "Run this", [first, *rest]
    bold = re.fullmatch(r"\*\*(.+?)\*\*:?", first)
    title = (bold[1].rstrip(":") if bold else _unescaped(first)) or "Do this"
    if len(title) > 160:  # nobody reads that as a title; all of it is kept below
        rest = [title, *rest]
        title = f"{title[:120].rsplit(' ', 1)[0]} …"
    return _with_fields(Step(key, "do", part, title), rest)


def _with_fields(step: Step, lines: Sequence[str]) -> Step:
    """What stands behind the text in lines of ours becomes what it says."""
    rest = list(lines)
    said: dict[str, Any] = {}
    answers: list[Answer] = []
    while rest:
        line = rest[-1].strip()
        if not line:
            rest.pop()
            continue
        if len(line) <= _LONGEST_LINE and (answer := _ANSWER.fullmatch(line)):
            answers.insert(0, Answer(answer[1].strip(), answer[2] or (END if answer[3] == "the end" else "")))
        elif (pair := _field(line)) and pair[0] not in said:
            said[pair[0]] = pair[1]
        else:
            break
        rest.pop()
    if "minutes" in said:
        said["minutes"] = int(re.match(r"[0-9]{1,4}", said["minutes"])[0])  # type: ignore[index]
    if "mitigation" in said:
        said["mitigation"] = said["mitigation"].strip("`")
    text = "\n".join(map(_unguarded, rest))
    found = replace(step, text=text.rstrip("\n"), answers=tuple(answers), **said)
    return replace(found, kind=_kind(found))


def _kind(step: Step) -> Any:
    """What a step is, is what it names: each kind has its own."""
    if step.answers:
        return "ask"
    if step.mitigation:
        return "run"
    if step.target:
        return "call"
    return "look" if step.indicator or step.url else "do"
