"""Where the time of a web process goes under a load: the top of a cProfile, per event."""

import os
import pstats
import signal
from pathlib import Path
from typing import Any

from bench.stand import Stand, descendants, in_a_process

__all__ = ("profile_of",)

_TOP = 16


def profile_of(stand: Stand, **load: Any) -> list[str]:
    """Run a load against a profiled web process and return its costliest functions, by their own time.

    cProfile slows Python down by about two, small functions most: read it as a ranking.
    """
    target = stand.directory / "web.prof"
    with stand.web("bench.factories:profiled", BENCH_PROFILE=str(target)) as web:
        assert web.process is not None
        in_a_process("bench.generator", port=web.port, key=stand.key, events=30_000, batch=1_000, clients=4)
        for worker in descendants(web.process.pid):
            os.kill(worker, signal.SIGUSR2)
        in_a_process("bench.generator", port=web.port, key=stand.key, **load)
    events = load["events"]
    stats: Any = pstats.Stats(str(target))
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:_TOP]
    lines = [f"{'µs/event':>9}{'calls/event':>13}  function"]
    for (file, line, name), (_, calls, own_s, _, _) in rows:
        place = f"{Path(file).parent.name}/{Path(file).name}:{line} " if line else ""
        lines.append(f"{own_s / events * 1e6:>9.2f}{calls / events:>13.2f}  {place}{name}")
    return lines
