"""Why a contract cannot be so, in plain words at the field that it is about (pure)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import day
from app.pages.words import state_badge
from core.errors import InputError, InvalidInput, NotFound, Refused
from core.periods import day_start, local_date

__all__ = ("first_possible", "plain_faults")

FIELDS = {"ends_on": "last_day", "code": "coupon"}
"""What a request calls something, and its form otherwise."""


def plain_faults(refusal: Refused, said: Mapping[str, str], possible: date | None = None) -> tuple[InputError, ...]:
    """Return what is wrong, each with the name of its field; a fault of the whole form has none.

    Args:
        refusal: of the action, or of the form that could not be read.
        said: the form.
        possible: the first day that works, where an earlier one was refused.
    """
    if isinstance(refusal, InvalidInput):
        return tuple(_one(fault) for fault in refusal.errors)
    if isinstance(refusal, NotFound) and (said.get("coupon") or "coupon" in refusal.detail):
        return (InputError("coupon", refusal.code, _("There is no such coupon. Look at its code.")),)
    if refusal.code == "terms_dont_fit" and "starts_on" not in said:
        text = _("The contract runs as long already. Choose a later day, or none for no end.")
        return (InputError("last_day", refusal.code, text),)
    if possible is not None:
        text = _(
            "That day is over, or on a bill already. The first day that works is %(day)s; what is billed is corrected"
            " by a credit note."
        )
        return (InputError("on", refusal.code, text % {"day": day(possible)}),)
    name, text = _told(refusal)
    return (InputError(name if name in said or name in ("when", "plan") else "", refusal.code, text),)


def first_possible(refusal: Refused, now: datetime, tz: ZoneInfo, *, last: bool) -> date | None:
    """Return the first day that works, where an earlier one was refused; else None.

    Args:
        refusal: says from which instant on a contract can be changed.
        now: the customer's time.
        tz: of the contract's days.
        last: the day asked for is the contract's last one: it ends as that day does.
    """
    if "possible_from" not in refusal.extra:
        return None
    at = datetime.fromisoformat(refusal.extra["possible_from"])
    first = local_date(at, tz)
    if day_start(first, tz) == at:
        return first - timedelta(days=1) if last else first
    # From within a day on: it can end with that day, and today means now; else the next day is the first whole one.
    return first if last or first == local_date(now, tz) else first + timedelta(days=1)


def _one(fault: InputError) -> InputError:
    texts = {
        "ends_before_start": _("The last day is before the first one. Choose a later one."),
        "renewal_needs_end": _("Only a contract with a last day renews: say its last day too."),
        "anchor_too_far": _("Choose a day within ten years of the first one."),
    }
    at = fault.pointer.removeprefix("/")
    return InputError(FIELDS.get(at, at), fault.code, texts.get(fault.code, fault.detail))


def _told(refusal: Refused) -> tuple[str, str]:
    """Return the field and the sentence; what is not listed says itself what to do."""
    state, _tone = state_badge(str(refusal.extra.get("state", "")))
    texts: dict[str, tuple[str, str]] = {
        "currency_not_priced": ("plan", _("This plan has no prices in the contract's currency. Choose another one.")),
        "version_retired": ("plan", _("This version is not sold any more. Choose another one.")),
        "addon_not_offered": ("plan", _("Choose one of the plans that are sold.")),
        "interval_differs": (
            "plan",
            _(
                "Plan and add-ons of one contract are billed at the same interval. Choose add-ons of the new interval"
                " too, or leave them out."
            ),
        ),
        "subscription_key_taken": ("key", _("Another contract of this customer has this name. Choose another one.")),
        "change_already_at_that_instant": (
            "when", _("The contract changes at that moment already. Choose another time, or withdraw that change."),
        ),
        "change_pending": ("", _("Something is agreed on for later that this cannot come before. Withdraw it first.")),
        "change_outside_period": (
            "on", _("This day is after the running period. Choose a day in it, or the end of the period."),
        ),
        "changes_nothing": ("", _("The contract holds exactly this already. Change something first.")),
        "nothing_pending": ("", _("Nothing is agreed on for later any more.")),
        "coupon_not_usable": ("coupon", _coupon(str(refusal.extra.get("reason", "")))),
        "subscription_state": ("", _("This cannot be done with a contract that is “%(state)s”.") % {"state": state}),
        "contract_changed": (
            "", _("Somebody changed this in the meantime, or the day is over. Nothing was done: look at it again."),
        ),
    }  # fmt: skip
    return texts.get(refusal.code, ("", refusal.detail))


def _coupon(reason: str) -> str:
    texts = {
        "expired": _("This coupon has expired."),
        "ended": _("This coupon was ended."),
        "used_up": _("This coupon was redeemed as often as it may be."),
        "used_before": _("This customer has redeemed this coupon before."),
        "other_plan": _("This coupon is for other plans."),
        "other_charges": _("This contract has none of the charges that this coupon is for."),
        "other_currency": _("This coupon brings no amount in the contract's currency."),
    }
    return texts.get(reason, _("This coupon cannot be used here."))
