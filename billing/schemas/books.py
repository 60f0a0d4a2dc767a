"""What the API takes and gives about the ledger and the rates."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from billing.schemas.amounts import MoneyAnswer, Text
from billing.views import TransferView, TrialBalanceRow
from core.money import Money

__all__ = ("ExchangeRateBody", "TaxRateBody", "TransferAnswer", "TransferPage", "TrialBalanceAnswer")


class TransferAnswer(msgspec.Struct):
    """A movement of money: both sides in one row."""

    id: UUID
    tenant_id: UUID
    legal_entity_id: UUID
    invoice_id: UUID
    kind: str
    debit_account: str
    credit_account: str
    amount: MoneyAnswer
    base_amount: MoneyAnswer
    base_rate: str
    booked_on: date
    posted_at: datetime
    reverses_id: UUID | None

    @classmethod
    def of(cls, transfer: TransferView) -> "TransferAnswer":
        """Return the transfer as JSON shows it."""
        return cls(
            transfer.id,
            transfer.tenant_id,
            transfer.legal_entity_id,
            transfer.invoice_id,
            transfer.kind,
            transfer.debit_account,
            transfer.credit_account,
            MoneyAnswer.of(transfer.amount),
            MoneyAnswer.of(transfer.base_amount),
            f"{transfer.base_rate:f}",
            transfer.booked_on,
            transfer.posted_at,
            transfer.reverses_id,
        )


class TransferPage(msgspec.Struct):
    """Transfers, newest first."""

    items: list[TransferAnswer]
    next_cursor: str | None


class AccountAnswer(msgspec.Struct):
    """Debits less credits of an account."""

    legal_entity_id: UUID
    account: str
    balance: MoneyAnswer
    base_balance: MoneyAnswer

    @classmethod
    def of(cls, row: TrialBalanceRow) -> "AccountAnswer":
        """Return the row as JSON shows it."""
        return cls(row.legal_entity_id, row.account, MoneyAnswer.of(row.balance), MoneyAnswer.of(row.base_balance))


class TrialBalanceAnswer(msgspec.Struct):
    """All accounts, and their sum per currency: zero, always."""

    accounts: list[AccountAnswer]
    sums: list[MoneyAnswer]

    @classmethod
    def of(cls, rows: tuple[TrialBalanceRow, ...]) -> "TrialBalanceAnswer":
        """Return the balance as JSON shows it."""
        sums: dict[str, Money] = {}
        for row in rows:
            currency = row.balance.currency
            sums[currency] = sums.get(currency, Money(0, currency)) + row.balance
        return cls([AccountAnswer.of(row) for row in rows], [MoneyAnswer.of(sums[code]) for code in sorted(sums)])


Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]


class TaxRateBody(msgspec.Struct, forbid_unknown_fields=True):
    """A country's standard rate from a day on."""

    country: Country
    valid_from: date
    percent: Annotated[str, msgspec.Meta(pattern=r"^\d{1,2}(\.\d{1,3})?$")]
    source: Text


class ExchangeRateBody(msgspec.Struct, forbid_unknown_fields=True):
    """Units of `base_currency` for one unit of `currency` from a day on."""

    currency: Currency
    base_currency: Currency
    valid_from: date
    rate: Annotated[str, msgspec.Meta(pattern=r"^\d{1,9}(\.\d{1,12})?$")]
    source: Text
