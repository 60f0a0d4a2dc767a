"""Allocation, pure: pool lines and rules in, leaves out, to the last unit. See `allocate.py`."""

from billing.chargebacks.allocation.allocate import Allocation, Leaf, Part, allocate
from billing.chargebacks.allocation.inputs import (
    CENTRES,
    HEADCOUNT,
    HEADCOUNT_DECLARED,
    Basis,
    DriverKey,
    Inputs,
    Line,
)
from billing.chargebacks.allocation.passes import Taken, needed_drivers
from billing.chargebacks.allocation.rows import RESERVED, SPONSOR, UNASSIGNED, VARIANCE, Row, row_of
from billing.chargebacks.allocation.rules import (
    METHODS,
    SUSPENSE_RULE,
    Match,
    Rule,
    RuleDocument,
    faults,
    read_rules,
    sentence,
)
from billing.chargebacks.allocation.sentences import Sentence

__all__ = (
    "CENTRES",
    "HEADCOUNT",
    "HEADCOUNT_DECLARED",
    "METHODS",
    "RESERVED",
    "SPONSOR",
    "SUSPENSE_RULE",
    "UNASSIGNED",
    "VARIANCE",
    "Allocation",
    "Basis",
    "DriverKey",
    "Inputs",
    "Leaf",
    "Line",
    "Match",
    "Part",
    "Row",
    "Rule",
    "RuleDocument",
    "Sentence",
    "Taken",
    "allocate",
    "faults",
    "needed_drivers",
    "read_rules",
    "row_of",
    "sentence",
)
