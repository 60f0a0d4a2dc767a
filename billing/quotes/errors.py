"""What quotes refuse, each with its stable code."""

from datetime import date
from decimal import Decimal

from core.errors import Forbidden, Refused

__all__ = (
    "BelowFloor",
    "BelowMargin",
    "QuoteAlreadyAccepted",
    "QuoteApproverIsMaker",
    "QuoteExpired",
    "QuoteNeedsApproval",
    "QuoteNotOpen",
    "QuoteSuperseded",
    "QuoteTooDear",
)


class QuoteExpired(Refused):
    """The quote was open until a day that is over."""

    code = "quote_expired"

    def __init__(self, key: str, valid_until: date) -> None:
        super().__init__(f"The quote '{key}' was open until {valid_until}. Ask for a new version of it.")


class QuoteSuperseded(Refused):
    """There is a newer version of the quote."""

    code = "quote_superseded"

    def __init__(self, key: str, version: int, newest: int) -> None:
        super().__init__(f"Version {version} of the quote '{key}' was replaced by version {newest}. Look at that one.")


class QuoteAlreadyAccepted(Refused):
    """Another version of the quote is a contract already."""

    code = "quote_already_accepted"

    def __init__(self, key: str, version: int) -> None:
        super().__init__(
            f"Version {version} of the quote '{key}' was accepted: it is the contract. Give another offer another key."
        )


class QuoteNeedsApproval(Refused):
    """What the vendor's people may grant has been lowered since the quote was sent."""

    code = "quote_needs_approval"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The vendor has to approve the quote '{key}' before it can be accepted. Ask your contact in sales."
        )


class QuoteNotOpen(Refused):
    """The quote does not stand where this can be done."""

    code = "quote_not_open"

    def __init__(self, key: str, status: str) -> None:
        super().__init__(f"The quote '{key}' is {status}. Make a new version of it if it is still wanted.")


class QuoteApproverIsMaker(Forbidden):
    """Whoever made a quote does not approve it."""

    code = "quote_approver_is_maker"

    def __init__(self) -> None:
        super().__init__("You made this quote. Somebody else has to approve it.")


class QuoteTooDear(Forbidden):
    """The discount is above what the approver may grant."""

    code = "approval_limit_exceeded"

    def __init__(self, discount: Decimal, limit: Decimal) -> None:
        super().__init__(
            f"This quote gives {discount:f} % away and you may grant {limit:f} %. Ask somebody with a higher limit."
        )


class BelowFloor(Refused):
    """The quote is below the floor under which nothing is sold."""

    code = "below_margin_floor"
    status = 422

    def __init__(self, share: Decimal, floor: Decimal) -> None:
        super().__init__(
            f"This quote comes to {share:f} % of the list price on the customer's real use; the floor is {floor:f} %. "
            "Give less away, or have the floor changed."
        )


class BelowMargin(Refused):
    """Of the quote's price less is left after its costs than the floor under which nothing is sold."""

    code = "below_cost_margin"
    status = 422

    def __init__(self, share: Decimal | None, floor: Decimal) -> None:
        left = "nothing is billed" if share is None else f"{share:f} % of this quote's price are left"
        super().__init__(
            f"On the customer's real use {left} after its costs; the floor is {floor:f} %. "
            "Give less away, or have the floor or the costs changed."
        )
