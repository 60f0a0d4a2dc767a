"""What an invoice or credit note says, as plain texts in the order in which they are printed."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from babel.dates import format_date

from billing.documents.words import Words, plain
from billing.ledger import Conversion, convert
from billing.views import InvoiceLineView, InvoiceView, Party
from core.money import exponent

__all__ = ("document_content",)

_RATES_WITHOUT_TAX = ("AE", "E", "O")


def document_content(invoice: InvoiceView, words: Words) -> dict[str, Any]:
    """Return the texts of a document; the template only places them.

    Args:
        invoice: what is printed; a draft says that it is one. What became of it later does not
            show: the document stays as it was issued.
        words: language and locale.
    """
    _ = words.translate
    note = invoice.kind == "credit_note"
    title = _("Credit note") if note else _("Invoice")
    many = len({line.consumer_tenant_id for line in invoice.lines}) > 1
    return {
        "lang": words.locale.partition("_")[0],
        "title": title,
        "heading": title if invoice.number else f"{title} · {_('Draft')}",
        "number": invoice.number or _("Draft"),
        "date": (invoice.issued_on or invoice.closes_on).isoformat(),
        "seller": _party(invoice.parties.seller, words),
        "buyer": _party(invoice.parties.buyer, words),
        "buyer_label": _("Billed to"),
        "agreed_label": "",
        "agreed": [],
        "facts": _facts(invoice, words),
        "columns": [_("Pos."), _("Description"), _("Quantity"), _("Tax"), _("Amount {0}").format(invoice.currency)],
        "lines": [_line(line, words, invoice.purchase_order, named=many) for line in invoice.lines],
        "totals": _totals(invoice, words),
        "notes": _notes(invoice, words),
        "evidence": _evidence(invoice, words),
        "page": _("Page {page} of {pages}"),
    }


def _party(party: Party, words: Words) -> dict[str, Any]:
    lines = [line.strip() for line in party.address.splitlines() if line.strip()]
    tax = [words.translate("Tax id {0}").format(party.tax_id)] if party.tax_id else []
    return {"name": party.name, "lines": [*lines, words.country(party.country)], "tax": tax}


def _facts(invoice: InvoiceView, words: Words) -> list[list[str]]:
    _ = words.translate
    credit = invoice.kind == "credit_note"
    terms = _("{0} days net").format(invoice.parties.payment_terms_days)
    span = f"{_date(invoice.supplied_from, words)} – {_date(invoice.supplied_to, words)}"
    facts = [
        (_("Number"), invoice.number or _("Draft")),
        (_("Date"), _date(invoice.issued_on, words)),
        (_("Supply period"), span),
        (_("Corrects"), invoice.credits_number or ""),
        (_("Payment terms"), "" if credit else terms),
        (_("Due"), "" if credit else _date(invoice.due_on, words)),
        (_("Purchase order"), invoice.purchase_order),
        (_("Currency"), invoice.currency),
    ]
    return [[label, value] for label, value in facts if value]


def _line(line: InvoiceLineView, words: Words, purchase_order: str, *, named: bool) -> dict[str, Any]:
    _ = words.translate
    about = [f"{_date(line.supplied_from, words)} – {_date(line.supplied_to, words)}"]
    if named:
        about.append(line.consumer_name)
    if line.purchase_order and line.purchase_order != purchase_order:
        about.append(_("PO {0}").format(line.purchase_order))
    if line.kind == "late" and line.cost_centres:
        about.append(_("Cost centres {0}").format(_centres(line, words)))
    digits = exponent(line.amount.currency)
    tax = f"{words.number(plain(line.tax_rate))} %" if line.tax_category == "S" else line.tax_category
    return {
        "position": str(line.position),
        "description": line.description,
        "about": " · ".join(about),
        "quantity": f"{words.number(line.quantity)} {_unit(line, words)}".strip(),
        "tax": tax,
        "amount": words.number(line.amount.text()),
        "steps": [[words.step(step, digits), words.money(step["amount"], digits)] for step in line.steps],
    }


def _unit(line: InvoiceLineView, words: Words) -> str:
    # A share of revenue counts money: its unit is the document's currency.
    return line.amount.currency if line.unit == "currency" else words.unit(line.unit, line.quantity)


def _centres(line: InvoiceLineView, words: Words) -> str:
    shown = (code or words.translate("unassigned") for code, _ in line.cost_centres)
    listed = list(shown)
    return ", ".join(listed[:6]) + (" …" if len(listed) > 6 else "")


def _totals(invoice: InvoiceView, words: Words) -> list[dict[str, Any]]:
    _ = words.translate
    rows = [{"label": _("Net"), "amount": words.number(invoice.net.text()), "strong": False}]
    for group in invoice.taxes:
        base = words.number(group.taxable.text())
        if group.category == "S":
            label = _("Tax {0} % on {1}").format(words.number(plain(group.rate)), base)
        else:
            label = _("Tax {0} 0 % on {1}").format(group.category, base)
        rows.append({"label": label, "amount": words.number(group.tax.text()), "strong": False})
    label = _("Amount credited") if invoice.kind == "credit_note" else _("Amount due")
    gross = {"label": f"{label} ({invoice.currency})", "amount": words.number(invoice.gross.text()), "strong": True}
    return [*rows, gross]


def _notes(invoice: InvoiceView, words: Words) -> list[str]:
    _ = words.translate
    reasons = _unique(group.note for group in invoice.taxes if group.category in _RATES_WITHOUT_TAX and group.note)
    notes = [_(reason) for reason in reasons]
    if invoice.base_currency != invoice.currency and invoice.tax.amount_minor:
        conversion = Conversion(invoice.base_currency, invoice.base_rate, invoice.base_rate_source)
        tax = convert(invoice.tax, conversion)
        notes.append(
            _("Tax in {0}: {1} (1 {2} = {3} {0}, {4}, {5})").format(
                tax.currency,
                words.number(tax.text()),
                invoice.currency,
                words.number(plain(invoice.base_rate)),
                invoice.base_rate_source,
                _date(invoice.base_rate_on, words),
            )
        )
    seller = invoice.parties.seller
    if seller.iban and invoice.kind == "invoice" and invoice.gross.amount_minor:
        text = _("Please pay {0} {1} by {2} to IBAN {3}, quoting {4}.")
        due = _date(invoice.due_on, words)
        gross = words.number(invoice.gross.text())
        notes.append(text.format(gross, invoice.currency, due, seller.iban, invoice.number or _("Draft")))
    return notes


def _evidence(invoice: InvoiceView, words: Words) -> list[str]:
    if not invoice.evidence_sha256:
        return []
    _ = words.translate
    told = _("Who was counted, and who was not and why: a separate file of {0} entries without names. SHA-256:")
    return [told.format(words.number(str(invoice.evidence_count))), invoice.evidence_sha256]


def _date(day: date | None, words: Words) -> str:
    return "" if day is None else format_date(day, "d MMM y", locale=words.locale)


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
