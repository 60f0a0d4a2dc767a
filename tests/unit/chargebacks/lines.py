"""Lines and drivers for the tests of allocation."""

from datetime import UTC, datetime
from fractions import Fraction

import msgspec

from billing.chargebacks.allocation import CENTRES, HEADCOUNT, DriverKey, Inputs, Line, RuleDocument, read_rules

OCTOBER = (datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))
METER = "members.active"


def line(net=10000, tax=1900, key="1", **changes):
    """A line of October for active members, unless said otherwise."""
    values = {
        "key": key,
        "charge_key": "members",
        "kind": "usage",
        "meter": METER,
        "consumer": "acme",
        "own": True,
        "starts_at": OCTOBER[0],
        "ends_at": OCTOBER[1],
        "currency": "EUR",
        "net_minor": net,
        "tax_minor": tax,
    }
    return Line(**(values | changes))


def inputs(quantities, source=METER, centres=None):
    """Drivers of October: one source, or a mapping of several."""
    sources = quantities if quantities and isinstance(next(iter(quantities.values())), dict) else {source: quantities}
    drivers = {
        DriverKey(name, *OCTOBER): {code: Fraction(value) for code, value in amounts.items()}
        for name, amounts in sources.items()
    }
    codes = centres or {code for amounts in drivers.values() for code in amounts}
    return Inputs(drivers, frozenset(codes))


def rules(*documents):
    """Read rules written as in the API; none of them may be at fault."""
    read, errors = read_rules(
        msgspec.convert([{"key": f"r{i}", **one} for i, one in enumerate(documents)], list[RuleDocument])
    )
    assert not errors, errors
    return read


DIRECT = {"method": "direct"}
__all__ = ("CENTRES", "DIRECT", "HEADCOUNT", "METER", "OCTOBER", "inputs", "line", "rules")
