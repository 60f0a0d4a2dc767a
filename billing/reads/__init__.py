"""Selects of billing; they return frozen values."""

from billing.reads.billed import (
    AdvanceView,
    BilledPeriodView,
    RevisionView,
    advances_ending,
    billed_by_subscription,
    billed_periods,
    revisions_of,
)
from billing.reads.invoices import (
    InvoiceFilter,
    credited_of,
    draft_content,
    get_invoice,
    invoice_for_period,
    invoices,
    invoices_of_run,
    invoices_page,
    parties_of,
    rated_lines_of,
)
from billing.reads.ledger import transfers_of, transfers_page, trial_balance
from billing.reads.rates import DatedConversion, conversion_on, tax_rates
from billing.reads.runs import evidence_of, get_run, runs_page, stored_document
from billing.views import (
    InvoiceLineView,
    InvoiceSummary,
    InvoiceView,
    RunView,
    TaxView,
    TransferView,
    TrialBalanceRow,
)

__all__ = (
    "AdvanceView",
    "BilledPeriodView",
    "DatedConversion",
    "InvoiceFilter",
    "InvoiceLineView",
    "InvoiceSummary",
    "InvoiceView",
    "RevisionView",
    "RunView",
    "TaxView",
    "TransferView",
    "TrialBalanceRow",
    "advances_ending",
    "billed_by_subscription",
    "billed_periods",
    "conversion_on",
    "credited_of",
    "draft_content",
    "evidence_of",
    "get_invoice",
    "get_run",
    "invoice_for_period",
    "invoices",
    "invoices_of_run",
    "invoices_page",
    "parties_of",
    "rated_lines_of",
    "revisions_of",
    "runs_page",
    "stored_document",
    "tax_rates",
    "transfers_of",
    "transfers_page",
    "trial_balance",
)
