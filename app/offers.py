"""What quotes say, for answers: those know nothing of quotes, so the service puts the two together."""

from billing.answers.offered import Offers
from billing.quotes.actions.offer_quotes import QuotesOffered

__all__ = ("provide_offers",)


async def provide_offers() -> Offers:
    """Tell answers what was offered."""
    return QuotesOffered()
