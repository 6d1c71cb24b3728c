"""The process in which mappings are carried out: ``python -m watchroom.sources.mapping.worker``.

It reads a question (four bytes that say how long it is, then JSON: the mapping as a text, the payload, and whether the
mapping is only to be checked) and writes the answer in the same form, again and again. The kernel ends it when a question takes more processor time or memory than it
may have; whoever asked sees that it is gone, and starts another.
"""

from __future__ import annotations

import json
import resource
import signal
import sys

CPU_SECONDS, MEMORY_BYTES = 1.0, 1024 * 1024 * 1024
SIZE_BYTES = 4


def main() -> None:
    """Answer until there is nobody left who asks."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    from .carrying_out import carry_out

    asked, told = sys.stdin.buffer, sys.stdout.buffer
    while len(head := asked.read(SIZE_BYTES)) == SIZE_BYTES:
        body = asked.read(int.from_bytes(head))
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process: nothing can catch it here
        try:
            mapping, payload, only_check = json.loads(body)
            answer = json.dumps(carry_out(mapping, payload, only_check)).encode()
        except (MemoryError, RecursionError, ValueError) as error:
            why = f"it needs more than it may have ({type(error).__name__})"
            answer = json.dumps({"field": "", "value": "", "why": why}).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        told.write(len(answer).to_bytes(SIZE_BYTES) + answer)
        told.flush()


if __name__ == "__main__":
    main()
