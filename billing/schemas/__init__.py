"""What the API takes and gives about bills."""

from billing.schemas.books import ExchangeRateBody, TaxRateBody, TransferAnswer, TransferPage, TrialBalanceAnswer
from billing.schemas.corrections import CreditBody, ReasonBody
from billing.schemas.documents import InvoiceAnswer, InvoiceItem, InvoicePage
from billing.schemas.prepaid import (
    CreditsAnswer,
    CreditsBody,
    CreditsItem,
    CreditsPage,
    MovementAnswer,
    MovementPage,
    RefundAnswer,
    RefundBody,
    WithdrawalAnswer,
)
from billing.schemas.runs import RunAnswer, RunBody, RunPage

__all__ = (
    "CreditBody",
    "CreditsAnswer",
    "CreditsBody",
    "CreditsItem",
    "CreditsPage",
    "ExchangeRateBody",
    "InvoiceAnswer",
    "InvoiceItem",
    "InvoicePage",
    "MovementAnswer",
    "MovementPage",
    "ReasonBody",
    "RefundAnswer",
    "RefundBody",
    "RunAnswer",
    "RunBody",
    "RunPage",
    "TaxRateBody",
    "TransferAnswer",
    "TransferPage",
    "TrialBalanceAnswer",
    "WithdrawalAnswer",
)
