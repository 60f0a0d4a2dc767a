"""What the API takes and gives about bills."""

from billing.schemas.books import ExchangeRateBody, TaxRateBody, TransferAnswer, TransferPage, TrialBalanceAnswer
from billing.schemas.corrections import CreditBody, ReasonBody
from billing.schemas.documents import InvoiceAnswer, InvoiceItem, InvoicePage
from billing.schemas.runs import RunAnswer, RunBody, RunPage

__all__ = (
    "CreditBody",
    "ExchangeRateBody",
    "InvoiceAnswer",
    "InvoiceItem",
    "InvoicePage",
    "ReasonBody",
    "RunAnswer",
    "RunBody",
    "RunPage",
    "TaxRateBody",
    "TransferAnswer",
    "TransferPage",
    "TrialBalanceAnswer",
)
