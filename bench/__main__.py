"""`python -m bench`: measure every row, print one table, write a file into bench/results/."""

import argparse
import pkgutil
import sys
from importlib import import_module

from app.process import tune_collector
from bench import rows
from bench.figures import Figure, machine_facts, print_table, write_results
from bench.stand import Options, stand


def _arguments(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("row", nargs="*", help=f"which rows; default all of {', '.join(names)}")
    for name, default, text in (
        ("rows", Options().rows, "facts in the table before"),
        ("events", Options().events, "events of one run"),
        ("repeats", Options().repeats, "how often figure and yardstick are measured"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text} (default %(default)s)")
    given = parser.parse_args()
    unknown = set(given.row) - set(names)
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    return given


def main() -> int:
    """Measure what the command line asks for; a missed goal is printed, not an error."""
    found = [import_module(f"bench.rows.{module.name}") for module in pkgutil.iter_modules(rows.__path__)]
    modules = {module.ROW: module for module in found}
    given = _arguments(list(modules))
    tune_collector()  # what is measured in this process is measured as our processes run
    figures: list[Figure] = []
    with stand(Options(given.rows, given.events, given.repeats)) as place:
        facts = machine_facts(place.postgresql_version()) | {"rows": given.rows, "events": given.events}
        print(", ".join(f"{name} {value}" for name, value in facts.items()))
        for name in given.row or modules:
            print(f"{name} …", file=sys.stderr)
            figures += modules[name].measure(place)
    print_table(figures)
    print(f"\nwritten to {write_results(figures, facts, 'bench')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
