"""What the Python client delivers, beside the same events sent ready-made on one connection."""

from statistics import median

from bench.figures import Figure, Goal, ratio_of
from bench.rows.ingest import send
from bench.stand import Stand, in_a_process

__all__ = ("ROW", "measure")

ROW = "client"


def measure(stand: Stand) -> list[Figure]:
    """Measure one client against one connection of the generator, in turns. There is no goal: it is for the record."""
    events = max(1_000, stand.options.events // 2)
    with stand.web() as web:
        send(stand, web, events=20_000, batch=1_000, clients=4)
        rates, yardsticks, spent = [], [], []
        for _ in range(stand.options.repeats):
            yardsticks.append(send(stand, web, events=events, batch=1_000, clients=1).rate)
            told = in_a_process("bench.sending", url=web.url, key=stand.key, events=events)
            if told["accepted"] != events:
                raise RuntimeError(f"not every event was taken: {told}")
            rates.append(events / told["seconds"])
            spent.append(told["cpu_s"] / events * 1e6)
    return [
        Figure(
            "Python client: send() one by one, one client", median(rates), "events/s", median(yardsticks),
            "ready-made batches of 1,000 on one connection", ratio_of(rates, yardsticks), Goal(),
            [f"CPU an event: client {median(spent):.1f} µs, gzip included"],
        )
    ]  # fmt: skip
