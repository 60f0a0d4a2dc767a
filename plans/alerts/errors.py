"""Refusals about alerts."""

from core.errors import NotFound, Refused

__all__ = ("AlertUnknown", "AlertsTooMany", "SpendOfAnotherCurrency")


class AlertUnknown(NotFound):
    """There is no alert of that id."""

    code = "alert_unknown"

    def __init__(self, rule_id: object) -> None:
        super().__init__("alert", rule_id)


class AlertsTooMany(Refused):
    """The customer has as many alerts as there may be."""

    code = "alerts_too_many"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} alerts already. Delete one that is not used any more.")


class SpendOfAnotherCurrency(Refused):
    """A contract bills in another currency than the customer's, so that the running bills are no one figure."""

    code = "alert_currency_other"

    def __init__(self, billed: str, own: str) -> None:
        super().__init__(
            f"A contract bills in {billed} and the customer's currency is {own}, so that what is spent is no one"
            f" figure: nothing is converted. Say in `currency` whose bills are meant, for instance {billed}."
        )
