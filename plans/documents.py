"""What a plan version says: features, charges, and how its meters count."""

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from metering.policies import CountingPolicies
from plans.charges import Charge, Frozen
from plans.terms import Commitment, CreditBlock, Discount

__all__ = ("Feature", "PlanDocument", "document_hash", "document_json", "in_currency", "parse_document")


class Feature(Frozen, frozen=True):
    """What the plan lets its holder do: granted or not, perhaps up to a limit or in a variant."""

    granted: bool = True
    limit: int | None = None
    """None where granted: unlimited."""
    unit: str | None = None
    meter: str | None = None
    """What uses the limit up (`metered`): its figure in the running billing period."""
    variant: str | None = None
    """Which of several forms, for instance reporting `standard`, `custom`, `warehouse_export`."""
    extras: tuple[str, ...] = ()
    """What comes on top in this tier, for instance `reputation_api`."""
    addon: str | None = None
    """Not granted here, but this add-on brings it."""


class PlanDocument(Frozen, frozen=True):
    """The whole content of a plan version: what is stored, hashed and billed by."""

    charges: tuple[Charge, ...]
    features: dict[str, Feature] = {}  # noqa: RUF012 - msgspec copies defaults
    interval_months: int = 1
    policies: CountingPolicies | None = None
    """How the meters count under this plan; None in add-ons, which leave the base plan's in force."""

    discounts: tuple[Discount, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    credits: tuple[CreditBlock, ...] = ()

    def charge(self, key: str) -> Charge | None:
        """Return the charge of that key, or None."""
        return next((charge for charge in self.charges if charge.key == key), None)

    @property
    def is_bought(self) -> bool:
        """Tell whether a price goes by how many of the plan are bought; a flat fee is for each, and one is meant."""
        return any(charge.meter is None and charge.model != "flat" for charge in self.charges)

    def currencies(self) -> Iterator[str]:
        """Yield, in order of code, the currencies that every charge has a price in."""
        priced = [set(charge.prices) for charge in self.charges]
        yield from sorted(set.intersection(*priced) if priced else set())


def in_currency(document: PlanDocument, currency: str) -> PlanDocument:
    """Return the document with its figures in one currency: all that a contract in it is billed by.

    >>> from decimal import Decimal
    >>> from plans.charges import Price
    >>> both = {one: Price(amount=Decimal(1)) for one in ("EUR", "USD")}
    >>> fee = PlanDocument(charges=(Charge(key="fee", name="Fee", model="flat", prices=both),))
    >>> list(in_currency(fee, "USD").currencies())
    ['USD']
    """
    whole = msgspec.to_builtins(document)
    for part in (part for name in ("charges", "discounts", "commitments", "credits") for part in whole.get(name, ())):
        for name in ("prices", "amounts"):
            if name in part:
                part[name] = {code: held for code, held in part[name].items() if code == currency}
    return parse_document(whole)


def parse_document(value: object) -> PlanDocument:
    """Build a document from JSON-like builtins (what JSONB gives back).

    Raises:
        msgspec.ValidationError: it has not the shape of a document; the message names where.
    """
    return msgspec.convert(value, PlanDocument)


def document_json(document: PlanDocument) -> bytes:
    """Return the canonical JSON: sorted keys, defaults left out; equal documents give equal bytes."""
    return msgspec.json.encode(document, order="deterministic")


def document_hash(document: PlanDocument) -> bytes:
    """Return the SHA-256 of the canonical JSON."""
    return sha256(document_json(document)).digest()
