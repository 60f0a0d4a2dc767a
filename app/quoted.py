"""What a quote agrees on, in words for its document: billing has no words for prices, so they are told it."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.formats import day
from app.pages.sales.prices import price_lines
from app.pages.sales.quotes import agreed_words
from billing.quotes.document import Agreed, QuoteWords
from billing.quotes.reads import QuoteNames, QuoteView
from plans.documents import PlanDocument
from plans.reads import get_version

__all__ = ("QUOTE_WORDS", "provide_quote_words")


class _Words(QuoteWords):
    def agreed(self, session: Session, quote: QuoteView, names: QuoteNames) -> Agreed:
        terms = quote.terms
        assert terms.version is not None, "a quote pins its versions"
        plan = get_version(session, terms.plan, terms.version).document
        told = list(_prices(terms.terms or plan, quote.currency))
        for addon in terms.addons:
            assert addon.version is not None, "a quote pins its versions"
            told += _prices(get_version(session, addon.key, addon.version).document, quote.currency)
        for phase in terms.phases:
            if phase.plan is None or phase.version is None:
                continue
            document = phase.terms or get_version(session, phase.plan, phase.version).document
            from_ = {"day": day(phase.starts_on)}
            told += [
                (_("%(name)s, from %(day)s") % {"name": name, **from_}, lines)
                for name, lines in _prices(document, quote.currency)
            ]
        if agreed := tuple(agreed_words(terms, plan, names, quote.currency)):
            told.append((_("Agreed on for this contract"), agreed))
        return told


def _prices(document: PlanDocument, currency: str) -> Iterator[tuple[str, Sequence[str]]]:
    for charge in document.charges:
        yield charge.name, price_lines(charge, currency)


QUOTE_WORDS: QuoteWords = _Words()


async def provide_quote_words() -> QuoteWords:
    """Tell documents of quotes what they agree on."""
    return QUOTE_WORDS
