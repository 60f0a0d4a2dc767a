"""Another reading of the meters before it is agreed on: the bill's change, and who flips; and time-outs as prices."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from uuid import UUID

from msgspec.structs import replace as replaced

from billing.actions.compose_draft import Taxes
from billing.answers.actions.simulate import Simulated, simulate
from billing.answers.contracts import Terms, contract, policies_of, under
from billing.answers.reads.figures import Figures
from billing.answers.results import DefinitionResult, Flip, LineDifference, TimeoutCost, TimeoutResult, net_of
from billing.schemas.amounts import MoneyAnswer
from core.money import Money, quantize_quantity
from core.periods import Period, local_date
from metering.measurement import Measurement, pseudonym
from metering.policies import CountingPolicies

__all__ = ("FLIPS_SHOWN", "STEPS", "compare_definitions", "price_timeouts", "timeouts_of")

FLIPS_SHOWN = 500
STEPS = 3
"""Both readings are billed, and who flips is looked up."""


def timeouts_of(terms: Terms, timeouts_s: Sequence[int]) -> tuple[Terms, ...]:
    """Return the same contract under each idle time-out, shortest first."""
    policies = policies_of(terms)
    return tuple(
        under(terms, replaced(policies, sessions=replaced(policies.sessions, timeout_s=seconds)))
        for seconds in sorted(set(timeouts_s))
    )


def price_timeouts(figures: Figures, terms: Terms, timeouts_s: Sequence[int], taxes: Taxes) -> TimeoutResult:
    """Bill the same usage under each idle time-out.

    Args:
        figures: the tenant's, for these terms.
        terms: the contract.
        timeouts_s: seconds.
        taxes: of the tenant's documents.
    """
    costs = []
    for wish in timeouts_of(terms, timeouts_s):
        documents = simulate(figures, wish, taxes)
        cost = net_of((one.draft for one in documents), terms.currency)
        timeout_s = policies_of(wish).sessions.timeout_s
        costs.append(TimeoutCost(timeout_s, MoneyAnswer.of(cost), _levels(documents)))
        figures.progress.step()
    return TimeoutResult(terms.currency, policies_of(terms).sessions.timeout_s, tuple(costs))


def compare_definitions(figures: Figures, terms: Terms, policies: CountingPolicies, taxes: Taxes) -> DefinitionResult:
    """Bill the same usage under the contract's reading and another one, and tell who flips.

    Args:
        figures: the tenant's with grounds, for these terms.
        terms: the contract as its meters are read now.
        policies: the reading in question.
        taxes: of the tenant's documents.
    """
    after = under(terms, policies)
    documents = []
    for side in (terms, after):
        documents.append(simulate(figures, side, taxes))
        figures.progress.step()
    before_cost, after_cost = (net_of((one.draft for one in listed), terms.currency) for listed in documents)
    flips = list(_flips(figures, terms, after))
    figures.progress.step()
    return DefinitionResult(
        currency=terms.currency,
        before=MoneyAnswer.of(before_cost),
        after=MoneyAnswer.of(after_cost),
        difference=MoneyAnswer.of(after_cost - before_cost),
        lines=_differences(documents[0], documents[1], terms.currency),
        flips_in=sum(flip.counts for flip in flips),
        flips_out=sum(not flip.counts for flip in flips),
        flips=tuple(flips[:FLIPS_SHOWN]),
    )


def _levels(documents: Sequence[Simulated]) -> tuple[tuple[str, str], ...]:
    seen: dict[str, list[Fraction]] = {}
    for one in documents:
        for line in one.draft.lines:
            if line.meter and line.meter.startswith("sessions."):
                seen.setdefault(line.meter, []).append(Fraction(line.quantity))
    return tuple(
        (meter, f"{quantize_quantity(sum(found, Fraction(0)) / len(found)):f}") for meter, found in seen.items()
    )


def _differences(
    before: Sequence[Simulated], after: Sequence[Simulated], currency: str
) -> tuple[LineDifference, ...]:  # fmt: skip
    """Return quantity and amount of each charge, summed over the bills."""
    sides = _by_charge(before), _by_charge(after)
    nothing = ("", Fraction(0), 0)
    rows = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        (name, old, old_minor), (new_name, new, new_minor) = (side.get(key, nothing) for side in sides)
        rows.append(
            LineDifference(
                charge_key=key,
                description=name or new_name,
                quantity_before=f"{quantize_quantity(old):f}",
                quantity_after=f"{quantize_quantity(new):f}",
                before=MoneyAnswer.of(Money(old_minor, currency)),
                after=MoneyAnswer.of(Money(new_minor, currency)),
                difference=MoneyAnswer.of(Money(new_minor - old_minor, currency)),
            )
        )
    return tuple(rows)


def _by_charge(documents: Sequence[Simulated]) -> dict[str, tuple[str, Fraction, int]]:
    found: dict[str, tuple[str, Fraction, int]] = {}
    for one in documents:
        for line in one.draft.lines:
            name, quantity, minor = found.get(line.charge_key, (line.description, Fraction(0), 0))
            found[line.charge_key] = (name, quantity + Fraction(line.quantity), minor + line.amount_minor)
    return found


def _flips(figures: Figures, before: Terms, after: Terms) -> Iterator[Flip]:
    """Yield who counts in a billing period under one reading alone, by meter, period and pseudonym."""
    subscription = contract(figures.tenant, before)
    assert subscription.ends_at is not None, "what is asked about has an end"
    tiling = [*subscription.spans_until(subscription.ends_at)]
    documents = (before.document, *(addon.document for addon in before.addons))
    meters = dict.fromkeys(charge.meter for document in documents for charge in document.charges if charge.meter)
    for meter in meters:
        for span in tiling:
            sides = [figures.measure(policies_of(terms), meter, span.period) for terms in (before, after)]
            yield from _flipped(figures, span.period, *sides)


def _flipped(figures: Figures, period: Period, before: Measurement, after: Measurement) -> Iterator[Flip]:
    tenant = figures.tenant
    first = local_date(period.starts_at, tenant.tz)
    was, will = _people(before), _people(after)
    why_not = _reasons(after)
    found = []
    for person_id in was.keys() ^ will.keys():
        counts = person_id in will
        reason = will[person_id] if counts else why_not.get(person_id, "not_counted")
        found.append(Flip(before.meter, first, pseudonym(tenant.id, person_id), counts, reason))
    yield from sorted(found, key=lambda flip: flip.person)


def _people(measurement: Measurement) -> dict[UUID, str]:
    return {entry.person_id: entry.reason for entry in measurement.entries}


def _reasons(measurement: Measurement) -> dict[UUID, str]:
    return {exclusion.person_id: exclusion.reason for exclusion in measurement.exclusions}
