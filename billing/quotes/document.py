"""A quote as a document: offered terms and the simulated first year, placed by the invoice's template."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from babel.dates import format_date
from sqlalchemy.orm import Session

from billing.answers.results import SimulatedLine
from billing.answers.uncounted import uncounted
from billing.documents.words import Words, plain
from billing.quotes.first_year import by_charge
from billing.quotes.reads import QuoteNames, QuoteView
from billing.tax import NOTES
from core.money import Money, to_money
from tenants.reads import LegalEntityView, TenantView

__all__ = ("Agreed", "QuoteWords", "quote_content")

Agreed: TypeAlias = Sequence[tuple[str, Sequence[str]]]
"""What is agreed on, by what it is about, sentence by sentence."""


class QuoteWords(ABC):
    """Says prices and terms in a reader's words: whoever has those words tells."""

    @abstractmethod
    def agreed(self, session: Session, quote: QuoteView, names: QuoteNames) -> Agreed:
        """Return what a quote agrees on: each price that it bills by, and what stands otherwise than in the list."""


def quote_content(
    quote: QuoteView, parties: tuple[LegalEntityView, TenantView], names: QuoteNames, words: Words, agreed: Agreed
) -> dict[str, Any]:
    """Return the texts of a quote's document.

    Args:
        quote: what is offered.
        parties: the legal entity that will issue the invoices, and the customer.
        names: of what it speaks of.
        words: language and locale.
        agreed: prices and terms.
    """
    _, (seller, buyer) = words.translate, parties
    lacking = uncounted(quote.first_year)
    return {
        "lang": words.locale.partition("_")[0],
        "title": _("Quote"),
        "heading": _("Quote"),
        "number": f"{quote.key} · {quote.version}",
        "date": quote.created_at.date().isoformat(),
        "seller": _party(seller.name, seller.address, seller.country, seller.tax_id, words),
        "buyer": _party(buyer.name, buyer.billing_address, buyer.country, buyer.tax_id, words),
        "buyer_label": _("Offered to"),
        "agreed_label": _("Prices and terms"),
        "agreed": [[name, list(lines)] for name, lines in agreed],
        "facts": _facts(quote, names, words),
        "columns": [_("Pos."), _("Description"), _("Quantity"), _("Tax"), _("Amount {0}").format(quote.currency)],
        "lines": [
            _line(number, lines, bills, words, counted=lines[0].meter not in lacking)
            for number, (lines, bills) in enumerate(by_charge(quote.first_year), 1)
        ],
        "totals": _totals(quote, words),
        "notes": [note for note in (quote.note, *_notes(quote, lacking, words)) if note],
        "evidence": [],
        "page": _("Page {page} of {pages}"),
    }


def _party(name: str, address: str, country: str, tax_id: str, words: Words) -> dict[str, Any]:
    lines = [line.strip() for line in address.splitlines() if line.strip()]
    tax = [words.translate("Tax id {0}").format(tax_id)] if tax_id else []
    return {"name": name, "lines": [*lines, words.country(country)], "tax": tax}


def _facts(quote: QuoteView, names: QuoteNames, words: Words) -> list[list[str]]:
    _ = words.translate
    term = (
        f"{_date(quote.terms.starts_on, words)} – {_date(date.fromordinal(quote.terms.ends_on.toordinal() - 1), words)}"
    )
    terms = quote.terms
    plan = _("{0}, version {1}").format(names.plan(terms.plan), terms.version)
    addons = [[_("Add-on"), f"{names.plan(one.key)} × {words.number(Decimal(one.quantity))}"] for one in terms.addons]
    replaces = [[_("Replaces"), names.replaced]] if terms.replaces else []
    quantity = [[_("Quantity"), words.number(Decimal(terms.quantity))]] if terms.quantity > 1 else []
    trial = [[_("Trial"), _("{0} days free").format(terms.trial_days)]] if terms.trial_days else []
    return [
        [_("Number"), f"{quote.key} · {quote.version}"],
        [_("Date"), _date(quote.created_at.date(), words)],
        [_("Valid until"), _date(quote.valid_until, words)],
        [_("Plan"), plan],
        *quantity,
        *addons,
        [_("Term"), term],
        *trial,
        [_("Currency"), quote.currency],
        *replaces,
    ]


def _line(
    position: int, lines: list[SimulatedLine], bills: int, words: Words, *, counted: bool
) -> dict[str, Any]:  # fmt: skip
    """Return one charge of the first year; of what nothing was counted nothing is offered for 0.00."""
    quantity = sum((Decimal(line.quantity) for line in lines), Decimal(0)) / bills
    first, amount = lines[0], _sum(lines)
    rate = plain(Decimal(first.tax_percent))
    unit = words.unit(first.unit, quantity) if first.unit and first.unit != "currency" else ""
    return {
        "position": str(position),
        "description": first.description,
        "about": f"{words.translate('{0} bills; quantity of one on average').format(bills)}{_assumed(first, words)}",
        "quantity": f"{words.number(quantity.quantize(Decimal('0.01')))} {unit}".strip()
        if counted
        else words.translate("nothing counted"),
        "tax": f"{words.number(rate)} %" if first.tax_category == "S" else first.tax_category,
        "amount": words.number(amount.text()) if counted or amount.amount_minor else "–",
        "steps": [],
    }


def _assumed(line: SimulatedLine, words: Words) -> str:
    """Return as what a quantity was assumed, to stand behind it; nothing where it was counted."""
    names = {
        "registered": words.translate("; assumed: as many as registered members"),
        "peak_active": words.translate("; assumed: as many as were active at most"),
    }
    if not line.assumed:
        return ""
    return names.get(line.assumed) or words.translate("; assumed: {0}").format(words.number(line.assumed))


def _sum(lines: Iterable[SimulatedLine]) -> Money:
    amounts = [to_money(Decimal(line.amount.amount), line.amount.currency) for line in lines]
    return sum(amounts[1:], amounts[0])


def _totals(quote: QuoteView, words: Words) -> list[dict[str, Any]]:
    _ = words.translate
    tax = sum((to_money(Decimal(one.tax.amount), quote.currency) for one in quote.first_year), Money(0, quote.currency))
    rows = ((_("Net"), quote.net, False), (_("Tax"), tax, False), (_("First year, simulated"), quote.net + tax, True))
    return [{"label": label, "amount": words.number(amount.text()), "strong": strong} for label, amount, strong in rows]


def _notes(quote: QuoteView, lacking: Mapping[str, str], words: Words) -> list[str]:
    told = words.translate(
        "The first year is what these terms would have billed on your own use from {0} to {1}, "
        "by the code that makes the invoices."
    )
    last = date.fromordinal(quote.simulated_until.toordinal() - 1)
    notes = [told.format(_date(quote.simulated_from, words), _date(last, words))]
    if lacking:
        missing = words.translate(
            "Of {0} nothing was counted in these days: the first year has nothing of it, and what you use of it will "
            "be billed. Tell us how many you expect, and ask for this quote anew."
        )
        notes.append(missing.format(", ".join(lacking.values())))
    untaxed = {line.tax_category for one in quote.first_year for line in one.lines} & NOTES.keys()
    return [*notes, *(f"{category}: {words.translate(NOTES[category])}" for category in sorted(untaxed))]


def _date(day: date, words: Words) -> str:
    return str(format_date(day, "d MMM y", locale=words.locale))
