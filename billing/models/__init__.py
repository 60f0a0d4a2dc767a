"""Tables of what is owed. What must never happen is a constraint here or a missing grant in the migration.

What a period was billed stands in two places, because consumer and payer may differ:

- `rated_line` belongs to the tenant that *consumed*. Rows exist for issued documents only, and are
  append-only: the sum over the revisions of a (subscription, charge, period) is what it was billed.
- `invoice_line` belongs to the tenant that *pays* and carries what the document prints.

A draft is one JSON document on its `invoice` row. Issuing it writes append-only rows
(`invoice_issue`, `invoice_line`, `invoice_tax`, `rated_line`, `transfer`), so that a finalised
invoice cannot change: the service's role holds no right to update or delete them.
"""

from billing.models.billed import BilledPeriod, BillingAccount, EvidenceFile, RatedLine
from billing.models.invoices import Invoice, InvoiceDocument, InvoiceIssue, InvoiceLine, InvoiceTax
from billing.models.ledger import InvoiceRun, Transfer
from billing.models.prepaid import PrepaidGrant, PrepaidMovement
from billing.models.rates import ExchangeRate, NumberCounter, NumberRegistry, TaxRateRow

__all__ = (
    "BilledPeriod",
    "BillingAccount",
    "EvidenceFile",
    "ExchangeRate",
    "Invoice",
    "InvoiceDocument",
    "InvoiceIssue",
    "InvoiceLine",
    "InvoiceRun",
    "InvoiceTax",
    "NumberCounter",
    "NumberRegistry",
    "PrepaidGrant",
    "PrepaidMovement",
    "RatedLine",
    "TaxRateRow",
    "Transfer",
)
