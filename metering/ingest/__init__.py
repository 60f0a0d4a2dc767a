"""The way in: bodies → CloudEvents → drafts → rows → one transaction per tenant and flight.

`lane.IngestLane` is the whole of it; `docs/architecture.md` walks through.
"""
