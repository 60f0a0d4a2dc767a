"""`python -m bench.growth [first] [last]`: the row `growth` from and to other sizes, tenfold each time.

The goal is set for 1 M → 100 M rows: about 65 GB of disk and an hour.
"""

import sys

from bench.figures import machine_facts, print_table, write_results
from bench.rows.growth import grown
from bench.stand import Options, stand

__all__ = ("main",)


def main() -> None:
    """Print the figures and write them into a file of their own."""
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    last = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    with stand(Options(rows=first)) as place:
        facts = machine_facts(place.postgresql_version()) | {"rows": last}
        figures = grown(place, first, last)
    print_table(figures)
    print(f"\nwritten to {write_results(figures, facts, 'growth')}")


if __name__ == "__main__":
    main()
