"""`python -m bench.dictionary`: train the dictionary that stored bodies are compressed with.

On events of the demo world, which has all types of all kinds of customers. Ids, people and instants
differ from event to event; what repeats (names of fields, kinds, addresses of sources) is what the
dictionary holds. A new one gets a new id and a new file beside the old ones: bodies that were
written stay readable for as long as their dictionary is there.
"""

import sys
from datetime import UTC, datetime
from itertools import islice

import msgspec
import zstandard

from app.demo.events import deliveries
from app.demo.world import build_world
from metering.bodies import DICTIONARIES
from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.validation import Rules, body_json, draft_event

__all__ = ("main",)

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_SIZE = 16_384
_SAMPLES_A_CUSTOMER = 1_500


class _Everybody(dict[str, int]):
    def __missing__(self, key: str) -> int:
        self[key] = 100_000 + len(self)
        return self[key]


def samples() -> list[bytes]:
    """Return bodies as they would be stored, of every customer of the demo world."""
    rules, identities, found = Rules(_NOW), _Everybody(), []
    for customer in build_world(_NOW, 100).customers:
        sent = (event for delivery in deliveries(customer) for event in delivery.events)
        for index, event in enumerate(islice(sent, _SAMPLES_A_CUSTOMER)):
            try:
                draft = draft_event(msgspec.Raw(msgspec.json.encode(event)), index, rules)
            except FaultyEvent:
                continue
            found.append(body_json(draft, identities))
    return found


def main() -> int:
    """Write the dictionary with the id given on the command line; an existing one is never replaced."""
    number = int(sys.argv[1])
    target = DICTIONARIES / f"{number}.zdict"
    if target.exists():
        print(f"{target} is in use: bodies were written with it. Choose another id.", file=sys.stderr)
        return 1
    texts = samples()
    trained = zstandard.train_dictionary(_SIZE, [*texts], dict_id=number)
    target.write_bytes(trained.as_bytes())
    trained.precompute_compress(level=1)
    pack = zstandard.ZstdCompressor(level=1, dict_data=trained, write_checksum=False).compress
    plain = zstandard.ZstdCompressor(level=1, write_checksum=False).compress
    size, before, after = (sum(map(len, some)) / len(texts) for some in (texts, map(plain, texts), map(pack, texts)))
    print(f"{target}: {len(texts):,} bodies of {size:.0f} bytes, {before:.0f} without it, {after:.0f} with it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
