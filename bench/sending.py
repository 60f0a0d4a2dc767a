"""The Python client as a suite uses it, in a process of its own: every event through `send`, then a flush.

Arguments as JSON on standard input, the result on standard output (`bench.stand.in_a_process`).
"""

import json
import sys
import time
from random import Random
from typing import Any

from tollbook_client import Client

from bench.traffic import events

__all__ = ()


def _main(arguments: dict[str, Any]) -> dict[str, Any]:
    made = list(events(arguments["events"], Random()))
    start, cpu = time.perf_counter(), time.process_time()
    with Client(arguments["url"], arguments["key"]) as client:
        for event in made:
            client.send(event)
        client.flush(120)
        seconds, spent, stats = time.perf_counter() - start, time.process_time() - cpu, client.stats
    return {"seconds": seconds, "cpu_s": spent, "accepted": stats.accepted, "requests": stats.attempts}


if __name__ == "__main__":
    print(json.dumps(_main(json.load(sys.stdin))))
