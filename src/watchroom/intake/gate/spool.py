"""The spool: what is durable, and not yet in the journal.

A commit of SQLite costs several times what it costs to append to a file, and most of that is computing which the gate needs
for its senders. So where many send at once, what they sent together is appended here, which is when they are answered, and
some hundred signals at a time go on into the journal (`sqlite.py`), in one commit.

The file holds records, one after the other: length of the payload, CRC-32 of all that follows, generation and place
(unsigned 32-bit numbers, big-endian), then the payload. It is opened with O_DSYNC: what has been written is on the disk when the write
returns. Once everything in it is in the journal, it is written anew from its beginning by the next generation; that is
faster than a file that grows, and what is left of the one before is known by its number. The journal keeps the number of the
generation that it took last, in the same commit, so that after a crash nothing is taken twice, and nothing is left out. The
first generation of a file has a number by chance: a file that was set aside, and is put back, is not taken for another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import zlib
from pathlib import Path
from struct import Struct

from ...kernel import clock
from ...kernel.files import sync

_HEAD, _ABOUT = Struct(">II"), Struct(">II")
_GENERATIONS = 2**31  # the journal keeps the number where SQLite has room for 31 bits (PRAGMA user_version)


class Spool:
    """The file at ``path``. One process has it at a time; another one has to do without."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None
        self._file: tuple[int, int] | None = None
        self._end = self._place = 0
        self._touched = False
        self._generation = 0

    def open(self, taken: int) -> list[bytes] | None:
        """Take the file, and give the payloads that a gate which was cut off has left; those of the generation ``taken``
        are in the journal. None: another process has the file.

        :raises OSError: it can't be opened, or not be read.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_DSYNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            about = os.fstat(handle)
            generation, left, end = _read(os.pread(handle, about.st_size, 0))
            if not left or generation == taken:
                generation, left, end = _other_than(taken), [], 0
            os.ftruncate(handle, end)  # what is half written was never answered for
            sync(self.path.parent)  # whoever made the file may have been killed before they did it
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        self._handle, self._file = handle, (about.st_dev, about.st_ino)
        self._generation, self._end, self._place, self._touched = generation, end, len(left), bool(left)
        return left

    @property
    def is_open(self) -> bool:
        """Whether it is ours, and still the file that is at its path."""
        if self._handle is None:
            return False
        try:
            about = self.path.stat()
        except OSError:
            return False
        return (about.st_dev, about.st_ino) == self._file

    @property
    def generation(self) -> int | None:
        """The number that the journal has to keep with what it takes. None: nothing has been written under it."""
        return self._generation if self._touched else None

    def append(self, payload: bytes) -> None:
        """Write ``payload`` behind what is there. It is on the disk when this returns.

        :raises OSError: it is not, or may not be.
        """
        assert self._handle is not None
        self._touched = True
        about = _ABOUT.pack(self._generation, self._place)
        crc = zlib.crc32(payload, zlib.crc32(about))
        record = b"".join((_HEAD.pack(len(payload), crc), about, payload))
        if os.pwrite(self._handle, record, self._end) != len(record):
            raise OSError(f"{self.path} took only a part of a record.")
        self._end += len(record)
        self._place += 1

    def taken(self) -> None:
        """All of it is in the journal, and so is its generation's number: begin anew."""
        self._generation = (self._generation + 1) % _GENERATIONS
        self._end = self._place = 0
        self._touched = False

    def set_aside(self) -> Path:
        """Give the file another name, for somebody to look at, and let go of it."""
        self.close()
        return self.path.rename(self.path.with_suffix(f"{self.path.suffix}.{clock.now():%Y%m%dT%H%M%SZ}"))

    def close(self) -> None:
        """Let go of the file. What has been taken is wiped out of it."""
        if self._handle is not None:
            if not self._touched:
                with contextlib.suppress(OSError):  # then it is known by its number
                    os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle, self._touched = None, False


def _other_than(taken: int) -> int:
    return (taken + random.randrange(1, _GENERATIONS)) % _GENERATIONS


def _read(content: bytes) -> tuple[int, list[bytes], int]:
    """The generation that a file's content begins with, its payloads, and where they end."""
    found: list[bytes] = []
    generation = at = 0
    ahead = _HEAD.size + _ABOUT.size
    while at + ahead <= len(content):
        length, crc = _HEAD.unpack_from(content, at)
        whose, place = _ABOUT.unpack_from(content, at + _HEAD.size)
        end = at + ahead + length
        if end > len(content) or zlib.crc32(content[at + _HEAD.size : end]) != crc:
            break
        if place != len(found) or (found and whose != generation):
            break
        generation = whose
        found.append(content[at + ahead : end])
        at = end
    return generation, found, at
