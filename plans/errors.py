"""What plans refuses, each with its stable code."""

from collections.abc import Iterable
from datetime import datetime

from core.errors import InputError, InvalidInput, Refused

__all__ = (
    "AddonNotOffered",
    "ChangeAlreadyAtThatInstant",
    "ChangeInThePast",
    "ChangeOutsidePeriod",
    "ChangePending",
    "ChangesNothing",
    "ContractChanged",
    "CouponNotUsable",
    "CouponTaken",
    "CurrencyNotPriced",
    "DraftMissing",
    "DraftOutdated",
    "FamilyTaken",
    "IntervalDiffers",
    "MovesNobody",
    "NothingPending",
    "PlanInvalid",
    "PlanTaken",
    "SubscriptionKeyTaken",
    "SubscriptionNotIn",
    "TermsDontFit",
    "VersionRetired",
)


class CurrencyNotPriced(Refused):
    """A charge has no price in the currency that was asked for."""

    code = "currency_not_priced"
    status = 422

    def __init__(self, charge_key: str, currency: str) -> None:
        detail = f"The charge '{charge_key}' has no price in {currency}. Use a currency that the plan lists."
        super().__init__(detail)
        self.errors = (InputError("/plan", self.code, detail),)


class PlanInvalid(InvalidInput):
    """A plan document has faults; each is listed with its pointer and code."""

    code = "plan_invalid"


class PlanTaken(Refused):
    """The key names another plan or add-on already, or the draft of one."""

    code = "plan_taken"

    def __init__(self, plan_key: str) -> None:
        super().__init__(f"There is a plan or an add-on '{plan_key}' already. Choose another key.")


class DraftMissing(Refused):
    """There is no draft to publish or to discard."""

    code = "draft_missing"

    def __init__(self, plan_key: str) -> None:
        super().__init__(f"The plan '{plan_key}' has no draft. Save one first.")


class DraftOutdated(Refused):
    """The draft is not the one that the caller saw."""

    code = "draft_outdated"

    def __init__(self, plan_key: str, wanted: int, number: int) -> None:
        super().__init__(f"The next version of '{plan_key}' is {number}, not {wanted}. Look at the draft again.")


class FamilyTaken(Refused):
    """The key names another family already."""

    code = "family_taken"

    def __init__(self, family_key: str) -> None:
        super().__init__(f"A plan family '{family_key}' exists. Choose another key, or put the plan into that one.")


class VersionRetired(Refused):
    """The version is not sold any more."""

    code = "version_retired"

    def __init__(self, plan_key: str, number: int) -> None:
        super().__init__(f"Version {number} of '{plan_key}' is retired. Name a published one, or none for the newest.")


class AddonNotOffered(Refused):
    """Something was put in the wrong place: an add-on as the plan, or a plan as an add-on."""

    code = "addon_not_offered"
    status = 422

    def __init__(self, plan_key: str, wanted: str) -> None:
        super().__init__(f"'{plan_key}' is not {wanted}. See GET /v1/plans for what can stand there.")


class IntervalDiffers(Refused):
    """An add-on is billed at another interval than the plan that is held with it."""

    code = "interval_differs"
    status = 422

    def __init__(self, addon_key: str, addon_months: int, months: int) -> None:
        super().__init__(
            f"'{addon_key}' is billed every {addon_months} month(s), the plan that it is held with every {months}. "
            "Name add-ons of the plan's interval in the same request, or leave them out."
        )


class SubscriptionKeyTaken(Refused):
    """The caller's key names another subscription already."""

    code = "subscription_key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(f"A subscription '{key}' with other terms exists. Use another key, or change that one.")


class SubscriptionNotIn(Refused):
    """The trigger is not allowed in the state the subscription is in."""

    code = "subscription_state"

    def __init__(self, state: str, trigger: str) -> None:
        told = {
            "ended": "Begin another one.",
            "scheduled": "It has not begun yet: wait for its first day, or name what follows in its phases.",
        }
        detail = f"A subscription that is {state} cannot take '{trigger}'. {told.get(state, '')}".rstrip()
        super().__init__(detail, state=state, trigger=trigger)


class ChangeAlreadyAtThatInstant(Refused):
    """Two changes at one instant would leave a stretch of no length between them."""

    code = "change_already_at_that_instant"

    def __init__(self, at: datetime) -> None:
        super().__init__(f"The subscription already changes at {at.isoformat()}. Choose another instant.")


class ChangePending(Refused):
    """A later change is already agreed on."""

    code = "change_pending"

    def __init__(self, at: datetime) -> None:
        super().__init__(
            f"A change at {at.isoformat()} is already agreed on. "
            "Say 'keep_later' to change before it and leave it as it is."
        )


class ChangeInThePast(Refused):
    """What is over is not changed: before the contract, or on an invoice already."""

    code = "change_in_the_past"
    status = 422

    def __init__(self, at: datetime, now: datetime, billed_until: datetime | None = None) -> None:
        detail = f"{at.isoformat()} is before now ({now.isoformat()}). Leave 'at' out to change now"
        if billed_until is not None:
            detail = (
                f"{at.isoformat()} is in a period that is on an invoice. Nothing before {billed_until.isoformat()} can"
                " be changed any more: name a later instant, or leave 'at' out to change now"
            )
        detail += "; what is billed already is corrected by a credit note."
        super().__init__(detail, possible_from=(billed_until or now).isoformat())
        self.errors = (InputError("/at", self.code, detail),)


class ChangeOutsidePeriod(Refused):
    """An instant beyond the running period was asked for."""

    code = "change_outside_period"
    status = 422

    def __init__(self, at: datetime, ends_at: datetime) -> None:
        detail = (
            f"{at.isoformat()} is after the running period, which ends at {ends_at.isoformat()}. "
            "Use 'at_period_end', or ask again in that period."
        )
        super().__init__(detail)
        self.errors = (InputError("/at", self.code, detail),)


class ChangesNothing(Refused):
    """The subscription already holds exactly what was asked for."""

    code = "changes_nothing"

    def __init__(self) -> None:
        super().__init__("The subscription already holds exactly this. Name another plan, version or add-ons.")


class ContractChanged(Refused):
    """The contract is not as it was when its change was previewed, or the preview is of another day."""

    code = "contract_changed"

    def __init__(self) -> None:
        super().__init__("The contract was changed since this was previewed, or the day is over. Preview it again.")


class CouponTaken(Refused):
    """The code names another coupon already."""

    code = "coupon_taken"

    def __init__(self, coupon: str) -> None:
        super().__init__(f"A coupon '{coupon}' exists. Choose another code; what a coupon brings never changes.")


class CouponNotUsable(Refused):
    """The coupon has expired, is used up, was used by this customer, or would take nothing off this contract."""

    code = "coupon_not_usable"
    WHY = {  # noqa: RUF012 - a table, never changed
        "expired": "it has expired",
        "used_up": "it was redeemed as often as it may be",
        "used_before": "this customer has redeemed it before",
        "other_plan": "it is for other plans",
        "other_charges": "the contract has none of the charges that it is for",
        "other_currency": "it brings no amount in the contract's currency",
    }

    def __init__(self, coupon: str, why: str, at: str = "") -> None:
        detail = f"The coupon '{coupon}' cannot be used: {self.WHY[why]}."
        super().__init__(detail, reason=why)
        self.errors = (InputError(at, self.code, detail),) if at else ()


class TermsDontFit(Refused):
    """Phases, a trial or a renewal that are not in order of time, or lie outside the contract."""

    code = "terms_dont_fit"
    status = 422


class MovesNobody(Refused):
    """There is nobody to move."""

    code = "moves_nobody"

    def __init__(self, plan_key: str, number: int) -> None:
        super().__init__(f"No running contract holds version {number} of '{plan_key}', or it is the one to move to.")


class NothingPending(Refused):
    """No change is agreed on for that instant, or several are and none was named."""

    code = "nothing_pending"

    def __init__(self, pending: Iterable[datetime]) -> None:
        told = ", ".join(edge.isoformat() for edge in pending)
        super().__init__(
            f"Name in 'at' which change is withdrawn: {told}."
            if told
            else "No change is agreed on for later. A trial and a cancellation end by 'resume' and 'renew'."
        )
