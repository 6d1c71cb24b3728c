"""Load by `wrk` (one thread, many connections), the same for Watchroom and for Alertmanager."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """
local batch, n = {batch}, 0
{delay}
request = function()
  local parts = {{}}
  for i = 1, batch do
    n = n + 1
    parts[i] = '{{"labels":{{"alertname":"Bench","severity":"warning","instance":"host-{prefix}' .. {number} ..
      '","job":"bench"}},"annotations":{{"summary":"bench"}},"generatorURL":"http://prometheus.example.org/graph"}}'
  end
  return wrk.format("POST", "{path}", {{["Content-Type"] = "application/json"}}, "[" .. table.concat(parts, ",") .. "]")
end
"""


@dataclass(frozen=True)
class Result:
    """What a run gave: alerts accepted a second, the 99th percentile, and answers that were not 2xx."""

    alerts_a_second: float
    p99_ms: float
    refused: int


def post_alerts(
    url: str,
    path: str,
    *,
    batch: int,
    seconds: int = 8,
    connections: int = 32,
    distinct: int = 1000,
    rate: float = 0,
) -> Result:
    """Post alerts to ``url`` + ``path`` as fast as it takes them, or ``rate`` requests a second at most. ``distinct``
    alerts come again and again; 0: each is a new one."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "post.lua"
        script.write_text(
            _SCRIPT.format(
                batch=batch,
                path=path,
                prefix="" if distinct else f"{time.time_ns()}-",
                number=f"(n % {distinct})" if distinct else "n",
                delay=f"delay = function() return {max(1, round(connections / rate * 1000))} end" if rate else "",
            )
        )
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Result(
        rate * batch, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], int(refused[1]) if refused else 0
    )
