"""Contracts that were offered and are asked about by id: whoever keeps offers tells what they are."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import NotFound, Refused
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("NO_OFFERS", "Days", "Offer", "OfferCurrencyDiffers", "Offers")

Days: TypeAlias = tuple[date, date]
"""The first local day, and the day after the last."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A contract that was offered; it can be had by its customer and, as a thought, by every other."""

    id: UUID
    label: str
    """How it is told from others: key and version."""
    plan_key: str
    plan_name: str
    currency: str
    begun: Callable[[Session, TenantView, Days], SubscriptionView]
    """Returns it as a customer's that begins on the first of these days and ends with them, or with its own term.

    The session is scoped to that customer. Raises Refused where the customer cannot have it.
    """


class OfferCurrencyDiffers(Refused):
    """A quote is in another currency than the rest of the answer: their amounts could not be compared."""

    code = "currency_differs"
    status = 422

    def __init__(self, offer: Offer, currency: str) -> None:
        super().__init__(
            f"The quote '{offer.label}' is in {offer.currency}, and this customer's answer in {currency}. "
            f"Ask with the currency {offer.currency}, or make the customer a quote in {currency}."
        )


class Offers(ABC):
    """Who knows what was offered."""

    @abstractmethod
    def find(self, session: Session, offer_id: UUID) -> Offer:
        """Return an offer, in a steward's transaction.

        Raises:
            NotFound: there is none of that id (`not_found`).
        """


class _NoOffers(Offers):
    def find(self, session: Session, offer_id: UUID) -> Offer:
        """Nobody offers anything."""
        del session
        raise NotFound("quote", offer_id)


NO_OFFERS: Offers = _NoOffers()
