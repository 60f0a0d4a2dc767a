"""What this package refuses, each with its stable code."""

from collections.abc import Iterable

from core.errors import InputError, InvalidInput, Refused

__all__ = (
    "AlreadyChargedBack",
    "ApproverIsMaker",
    "CostCentreUnknown",
    "DriverNegative",
    "DriverNotVisible",
    "DriverSumZero",
    "InvoiceNotFinal",
    "NoPoolLines",
    "NoRules",
    "PeriodNotOpen",
    "RunState",
    "SharesNotOne",
    "refuse_input",
)


class DriverSumZero(Refused):
    """Nothing was counted that the rule could divide by."""

    code = "driver_sum_zero"
    status = 409

    def __init__(self, rule: str, line: str, driver: str) -> None:
        super().__init__(
            f"Rule '{rule}' cannot divide line {line}: its driver '{driver}' sums to zero. "
            "Put a rule that can before it, or set its params.on_zero to 'next'.",
            rule=rule,
            line=line,
            driver=driver,
        )


class DriverNegative(Refused):
    """A cost centre's driver is below zero; a share of that cannot be meant."""

    code = "driver_negative"
    status = 409

    def __init__(self, rule: str, line: str, centre: str) -> None:
        super().__init__(
            f"Rule '{rule}' cannot divide line {line}: the driver of '{centre}' is negative. "
            "Choose a driver that counts what was used, or correct the facts behind it.",
            rule=rule,
            line=line,
            cost_centre=centre,
        )


class DriverNotVisible(Refused):
    """The line was used by another tenant; whoever pays for it does not see its people."""

    code = "driver_not_visible"
    status = 409

    def __init__(self, rule: str, line: str, consumer: str) -> None:
        super().__init__(
            f"Rule '{rule}' needs the usage of '{consumer}' to divide line {line}, and a payer does not see it. "
            f"Put a fixed_share, even or headcount rule with match.consumer '{consumer}' before it.",
            rule=rule,
            line=line,
            consumer=consumer,
        )


class SharesNotOne(InvalidInput):
    """Fixed shares do not add up to 1."""

    code = "shares_not_one"


class CostCentreUnknown(InvalidInput):
    """A rule names a cost centre that does not exist then."""

    code = "cost_centre_unknown"


class NoRules(Refused):
    """The tenant has no rules yet."""

    code = "no_rules"

    def __init__(self) -> None:
        super().__init__("There are no chargeback rules yet. Write them first.")


class NoPoolLines(Refused):
    """Nothing is left to charge back in that period."""

    code = "no_pool_lines"

    def __init__(self, period: str) -> None:
        super().__init__(
            f"No cost pool of {period} has a line that is not posted yet: make one of a bill, or look"
            " at the posted run of that period."
        )


class InvoiceNotFinal(Refused):
    """Only a finalised invoice or credit note can be charged back."""

    code = "invoice_not_final"

    def __init__(self, invoice: str, status: str) -> None:
        super().__init__(f"Invoice {invoice} is {status}; finalise it first, then make a cost pool of it.")


class ApproverIsMaker(Refused):
    """Maker and approver must be two people."""

    code = "approver_is_maker"

    def __init__(self) -> None:
        super().__init__("You made this run, so somebody else must approve it: ask another finance user.")


class RunState(Refused):
    """The run is not in a state that allows this."""

    code = "run_state"

    def __init__(self, status: str, trigger: str) -> None:
        super().__init__(f"A run that is {status} cannot {trigger}; look at its status, or create another run.")


class AlreadyChargedBack(Refused):
    """A line of the run is part of a posted run already."""

    code = "already_charged_back"

    def __init__(self, lines: int) -> None:
        super().__init__(
            f"{lines} of the run's lines were posted by another run: withdraw this one and create a new run."
        )


class PeriodNotOpen(Refused):
    """The chargeback period does not take this any more."""

    code = "period_not_open"

    def __init__(self, period: str, status: str) -> None:
        super().__init__(f"Period {period} is {status}: charge this back in an open period.")


_BY_CODE: dict[str, type[InvalidInput]] = {kind.code: kind for kind in (SharesNotOne, CostCentreUnknown)}


def refuse_input(faults: Iterable[InputError]) -> None:
    """Raise if there are faults; where all are of one kind that has a class, by that class.

    Raises:
        InvalidInput: with every fault (`shares_not_one`, `cost_centre_unknown`, or `invalid_input`).
    """
    found = tuple(faults)
    if not found:
        return
    codes = {fault.code for fault in found}
    kind = _BY_CODE.get(codes.pop(), InvalidInput) if len(codes) == 1 else InvalidInput
    raise kind(*found)
