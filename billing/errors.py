"""Refusals of billing, one class each."""

from core.errors import Refused

__all__ = (
    "CreditExceedsInvoice",
    "CreditsInUse",
    "CreditsNotRefundable",
    "CreditsNotWithdrawable",
    "CreditsUsedUp",
    "ExchangeRateMissing",
    "InvoiceAlreadyFinalised",
    "InvoiceDraftDoubled",
    "InvoiceDraftOutdated",
    "InvoiceHasCreditNotes",
    "InvoiceNotCreditable",
    "InvoiceNotDraft",
    "IssueDateGoesBack",
    "NothingToCredit",
    "PeriodAlreadyBilled",
    "PeriodInvalid",
    "PeriodNotEnded",
    "RunNeedsReason",
    "StepNotAllowed",
    "TaxUndecided",
)


class InvoiceAlreadyFinalised(Refused):
    """It was finalised before; its number stays."""

    code = "invoice_already_finalised"

    def __init__(self, number: str) -> None:
        super().__init__(f"This document was finalised as {number}. Correct it by a credit note, or void it.")


class InvoiceNotDraft(Refused):
    """Only drafts are reckoned anew."""

    code = "invoice_not_draft"

    def __init__(self, status: str) -> None:
        super().__init__(
            f"This invoice is {status}, and only a draft can be reckoned anew."
            " Later facts come as a line of the next invoice."
        )


class StepNotAllowed(Refused):
    """The document's state has no such step."""

    code = "step_not_allowed"

    def __init__(self, status: str, step: str) -> None:
        super().__init__(f"A document that is {status} cannot take the step '{step}'.")


class InvoiceDraftOutdated(Refused):
    """Another document has billed a part of this draft since it was reckoned."""

    code = "invoice_draft_outdated"

    def __init__(self) -> None:
        super().__init__("Another invoice has billed a part of this draft since. Refresh the draft, then finalise it.")


class InvoiceDraftDoubled(Refused):
    """Two lines of the draft have one key: it was reckoned before such keys were told apart."""

    code = "invoice_draft_doubled"

    def __init__(self) -> None:
        super().__init__("Two lines of this draft would be billed under one key. Refresh the draft, then finalise it.")


class IssueDateGoesBack(Refused):
    """A later date stands in the series already."""

    code = "issue_date_goes_back"

    def __init__(self, series: str, last: object) -> None:
        super().__init__(
            f"The last document of series {series} is dated {last}: none may follow with an earlier date."
            " Issue it with today's."
        )


class RunNeedsReason(Refused):
    """Skipping the grace is allowed with a reason, which is audited."""

    code = "run_needs_reason"
    status = 422

    def __init__(self) -> None:
        super().__init__("Skipping the grace needs a reason: say why in 'reason'. It goes into the audit trail.")


class PeriodAlreadyBilled(Refused):
    """Another run billed it at the same moment."""

    code = "period_already_billed"

    def __init__(self) -> None:
        super().__init__("Another run billed these periods at the same moment. Look at its invoices.")


class PeriodInvalid(Refused):
    """Not a month."""

    code = "period_invalid"
    status = 422

    def __init__(self, period: str) -> None:
        super().__init__(f"'{period}' is not a month. Write year and month, for example 2026-10.")


class PeriodNotEnded(Refused):
    """Some of it lies ahead, so that nothing final can be said of it."""

    code = "period_not_ended"

    def __init__(self, period: str) -> None:
        super().__init__(f"The period {period} has not ended. Run it after its end, or ask for a forecast.")


class TaxUndecided(Refused):
    """The tax of a line cannot be told; `code` in `extra` says why."""

    code = "tax_undecided"

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail, cause=cause)


class ExchangeRateMissing(Refused):
    """The ledger needs the amount in the legal entity's currency."""

    code = "exchange_rate_missing"

    def __init__(self, currency: str, base: str, on: object) -> None:
        super().__init__(f"No rate from {currency} to {base} is known on {on}. Add it to the exchange rates.")


class InvoiceNotCreditable(Refused):
    """Credit notes refer to issued invoices."""

    code = "invoice_not_creditable"

    def __init__(self, what: str) -> None:
        super().__init__(f"A credit note refers to an issued invoice that stands; this is {what}.")


class CreditExceedsInvoice(Refused):
    """More than what is left of a line."""

    code = "credit_exceeds_invoice"

    def __init__(self, position: int, left: str) -> None:
        super().__init__(f"Line {position} has {left} left to credit. Credit at most that.")


class NothingToCredit(Refused):
    """Everything was given back before."""

    code = "nothing_to_credit"

    def __init__(self) -> None:
        super().__init__("This invoice is credited in full already, or the credit comes to nothing.")


class InvoiceHasCreditNotes(Refused):
    """A document of which a part was given back is corrected by further credit notes."""

    code = "invoice_has_credit_notes"

    def __init__(self) -> None:
        super().__init__(
            "A part of this invoice was given back: by credit notes, or as prepaid credits by a later document."
            " Credit the rest of it instead of voiding it."
        )


class CreditsUsedUp(Refused):
    """Another document used the prepaid credits first."""

    code = "credits_used_up"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Less is left of the prepaid credits '{name}' than this document moves: another one used them since."
            " Refresh a draft and finalise it then; a document that gave them back stays as it is."
        )


class CreditsInUse(Refused):
    """Prepaid credits that were used cannot be taken back."""

    code = "credits_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Some of the prepaid credits '{name}' of this document were used. Credit their line: what is left of"
            " them is given back, and what was used stays billed."
        )


class CreditsNotWithdrawable(Refused):
    """They were paid for, came with a contract, or are used up."""

    code = "credits_not_withdrawable"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Of the prepaid credits '{name}' nothing can be taken back: only what was granted for nothing can, as far"
            " as it is left. What was paid for is given back by its terms, and what came with a contract ends with it."
        )


class CreditsNotRefundable(Refused):
    """The terms do not say that what is left may be given back, or nothing was paid for it."""

    code = "credits_not_refundable"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Of the prepaid credits '{name}' nothing can be given back: by their terms, or because nothing paid is"
            " left of them. A credit note on the invoice that sold them is goodwill and always possible."
        )
