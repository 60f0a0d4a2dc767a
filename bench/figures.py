"""What a row measures, the table of all rows, and the files of `bench/results/`."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ("Figure", "Goal", "machine_facts", "print_table", "ratio_of", "write_results")

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Goal:
    """What the ratio must be."""

    at_least: float | None = None
    at_most: float | None = None

    def met(self, ratio: float) -> bool:
        """Return whether a ratio reaches the goal."""
        return (self.at_least is None or ratio >= self.at_least) and (self.at_most is None or ratio <= self.at_most)

    def __str__(self) -> str:
        if self.at_least == self.at_most:
            return "–" if self.at_least is None else f"= {self.at_least:g}"
        parts = []
        if self.at_least is not None:
            parts.append(f"≥ {self.at_least:g}")
        if self.at_most is not None:
            parts.append(f"≤ {self.at_most:g}")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    """What was measured, in a few words."""
    value: float
    unit: str
    """For instance `events/s` or `ms`."""
    yardstick: float | None
    """The same unit, measured in the same run; None where the goal is absolute."""
    yardstick_name: str
    ratio: float
    """What is held against the goal: the median over the repeats of figure ÷ yardstick, however the row defines it."""
    goal: Goal
    notes: list[str] = field(default_factory=list)
    """CPU microseconds, latencies, what else helps to judge it."""
    why: list[str] = field(default_factory=list)
    """A profile, where the goal was missed."""

    @property
    def met(self) -> bool:
        """Whether the goal was reached."""
        return self.goal.met(self.ratio)


def ratio_of(values: Sequence[float], yardsticks: Sequence[float]) -> float:
    """Return the median of the ratios of runs that stood side by side: a noisy neighbour hits both."""
    return median(value / yardstick for value, yardstick in zip(values, yardsticks, strict=True))


def print_table(figures: Sequence[Figure]) -> None:
    """Print the figures, then the notes, then why a goal was missed."""
    print(f"\n{'figure':<50}{'value':>22}{'yardstick':>14}{'ratio':>8}  {'goal':<9}met?")
    for f in figures:
        yardstick = "" if f.yardstick is None else _short(f.yardstick)
        value = f"{_short(f.value)} {f.unit}"
        met = "yes" if f.met else "NO"
        print(f"{f.name:<50}{value:>22}{yardstick:>14}{f.ratio:>8.2f}  {f.goal!s:<9}{met}")
    print()
    for f in figures:
        against = f"against {f.yardstick_name}" if f.yardstick_name else ""
        print(f"{f.name}: {'; '.join(part for part in (against, *f.notes) if part)}")
    for f in figures:
        if not f.met and f.why:
            print(f"\n{f.name}: where the time goes")
            print("\n".join(f"  {line}" for line in f.why))


def _short(value: float) -> str:
    return f"{value:,.4g}" if value < 1_000 else f"{value:,.0f}"


def machine_facts(postgresql: str) -> dict[str, Any]:
    """Return what the figures depend on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cores": os.cpu_count(),
        "cpu": cpu,
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "postgresql": postgresql,
        "platform": platform.platform(),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def write_results(figures: Sequence[Figure], facts: dict[str, Any], kind: str, folder: Path = RESULTS) -> Path:
    """Write everything as JSON into a file of its own, and let `<kind>-latest.json` lead to it.

    Args:
        figures: what was measured.
        facts: what it depends on, as `machine_facts` gives it; the file is named by its instant and commit.
        kind: `bench`, `growth` or `soak`.
        folder: where results lie.

    Raises:
        FileExistsError: there is one of that instant: no result is ever written over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    at = datetime.fromisoformat(facts["at"])
    path = folder / f"{at:%Y-%m-%dT%H%M%SZ}-{facts['commit']}-{kind}.json"
    rows = [
        {name: value for name, value in asdict(f).items() if name != "goal"} | {"goal": str(f.goal), "met": f.met}
        for f in figures
    ]
    with path.open("x") as file:
        file.write(json.dumps({"machine": facts, "figures": rows}, indent=2, ensure_ascii=False) + "\n")
    pointer = folder / f"{kind}-latest.json"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(path.name)
    return path


def _commit() -> str:
    """Return the commit that is measured, `-changed` where files differ from it; `unknown` outside of a clone."""
    told = [
        subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False).stdout.strip()
        for command in (["git", "rev-parse", "--short=10", "HEAD"], ["git", "status", "--porcelain", "-uno"])
    ]
    return (told[0] or "unknown") + ("-changed" if told[1] else "")
