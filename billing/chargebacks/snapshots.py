"""Runs as they are kept: rules, inputs and results in JSON, so that a posted run can be explained (pure)."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from billing.chargebacks.allocation import Allocation, DriverKey, Inputs, Rule, RuleDocument, read_rules
from billing.chargebacks.statements import StatementDraft, statements_of

__all__ = (
    "InputsSnapshot",
    "MeasuredDriver",
    "ResultsSnapshot",
    "StatementSums",
    "inputs_snapshot",
    "leaves_hash",
    "measured_inputs",
    "results_snapshot",
    "rules_of",
)


class MeasuredDriver(msgspec.Struct, frozen=True):
    """One set of drivers as it was measured; quantities are exact fractions as text."""

    source: str
    starts_at: datetime
    ends_at: datetime
    quantities: dict[str, str]


class InputsSnapshot(msgspec.Struct, frozen=True):
    """What a run divided, and by what. Lines that came with their own drivers keep them in the pool."""

    starts_at: datetime
    ends_at: datetime
    lines: tuple[tuple[UUID, int], ...]
    drivers: tuple[MeasuredDriver, ...]
    centres: tuple[str, ...]


class StatementSums(msgspec.Struct, frozen=True, array_like=True):
    """What one centre carries in one currency."""

    cost_centre: str
    currency: str
    net_minor: int
    tax_minor: int


class ResultsSnapshot(msgspec.Struct, frozen=True):
    """What came out. The hash is over every leaf, so that posting can tell it is the same."""

    leaves_sha256: str
    statements: tuple[StatementSums, ...]
    unknown_centres: tuple[str, ...]


def rules_of(documents: Any) -> tuple[Rule, ...]:
    """Read stored rules again; they were checked when they were written."""
    rules, errors = read_rules(msgspec.convert(documents, list[RuleDocument]))
    assert not errors, errors
    return rules


def inputs_snapshot(
    inputs: Inputs, lines: Sequence[tuple[UUID, int]], span: tuple[datetime, datetime]
) -> InputsSnapshot:
    """Return what has to be kept of the inputs."""
    measured = tuple(
        MeasuredDriver(key.source, key.starts_at, key.ends_at, {code: str(value) for code, value in sorted(of.items())})
        for key, of in sorted(inputs.drivers.items())
        if not key.line
    )
    return InputsSnapshot(*span, tuple(lines), measured, tuple(sorted(inputs.centres)))


def measured_inputs(snapshot: InputsSnapshot) -> Mapping[DriverKey, Mapping[str, Fraction]]:
    """Return the measured drivers of a snapshot."""
    return {
        DriverKey(driver.source, driver.starts_at, driver.ends_at): {
            code: Fraction(text) for code, text in driver.quantities.items()
        }
        for driver in snapshot.drivers
    }


def results_snapshot(allocation: Allocation, unknown: frozenset[str]) -> ResultsSnapshot:
    """Return what has to be kept of the result."""
    return ResultsSnapshot(
        leaves_hash(allocation),
        tuple(_sums(draft) for draft in statements_of(allocation)),
        tuple(sorted(unknown)),
    )


def leaves_hash(allocation: Allocation) -> str:
    """Return the SHA-256 over all leaves in their order: equal for equal results, whoever reckons them."""
    leaves = [(leaf.line.key, leaf.account, leaf.net_minor, leaf.tax_minor) for leaf in allocation.leaves]
    return hashlib.sha256(msgspec.json.encode(leaves)).hexdigest()


def _sums(draft: StatementDraft) -> StatementSums:
    return StatementSums(draft.cost_centre, draft.currency, draft.net_minor, draft.tax_minor)
