"""What can be done with a contract that runs: for each act its form, and the request that the form says (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import day, last_day, quantity
from app.pages.said import Field, Maker, Said, Section
from app.pages.sales.agreed_form import ADDON, MOST, addons_said, addons_section
from app.pages.sales.contracts.begin import Sold, plan_said
from core.periods import Period, day_start, local_date
from plans.actions.cancel_subscription import CancelInput
from plans.actions.change_subscription import ChangeInput
from plans.actions.redeem_coupon import RedeemInput
from plans.actions.renew_subscription import RenewInput
from plans.actions.subscribe import AddonInput
from plans.actions.withdraw_change import WithdrawInput
from plans.changes import CancelWhen
from plans.subscriptions import SubscriptionView

__all__ = (
    "ACTS",
    "UNFIT",
    "Asked",
    "Given",
    "act_title",
    "act_told",
    "acts_of",
    "done_text",
    "first_said",
    "sections_of",
    "to_do",
)

ACTS = ("change", "pause", "resume", "renew", "coupon", "withdraw", "cancel")
Given = ChangeInput | CancelInput | RedeemInput | RenewInput | WithdrawInput
UNFIT = "unfit"
"""What came of an act that does not fit the contract any more."""
MIDNIGHT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The contract that an act is about."""

    act: str
    contract: SubscriptionView
    running: Period
    """Its billing period at `contract.as_of`."""
    actor: str

    @property
    def tz(self) -> ZoneInfo:
        """The zone of its days."""
        return self.contract.schedule.tz

    @property
    def pending(self) -> tuple[datetime, ...]:
        """When something is agreed on for later; the end of the contract and that of a trial are not meant."""
        edges = [edge for edge in self.contract.edges() if edge > self.contract.as_of and edge != self.contract.ends_at]
        return tuple(edge for edge in edges if self.contract.at(edge - MIDNIGHT).base.mode != "trial")


def acts_of(contract: SubscriptionView) -> tuple[tuple[str, str], ...]:
    """Return what can be done with a contract as it stands, each with its words."""
    if contract.status not in ("active", "ending"):
        return ()
    asked = Asked("", contract, Period(contract.as_of, contract.as_of + MIDNIGHT), "")
    words = {
        "change": _("Change"),
        "pause": _("Pause"),
        "resume": _("End the trial") if contract.base.mode == "trial" else _("Resume"),
        "renew": _("Renew"),
        "coupon": _("Redeem a coupon"),
        "withdraw": _("Withdraw a change"),
        "cancel": _("End"),
    }
    fits = {
        "pause": contract.base.mode == "regular",
        "resume": contract.base.mode != "regular",
        "renew": contract.ends_at is not None,
        "withdraw": bool(asked.pending),
    }
    return tuple((act, words[act]) for act in ACTS if fits.get(act, True))


def act_title(asked: Asked) -> str:
    """Return the title of an act's page."""
    name = {"plan": asked.contract.plan_name}
    titles = {
        "change": _("Change %(plan)s"),
        "pause": _("Pause %(plan)s"),
        "resume": _("Resume %(plan)s"),
        "renew": _("Renew %(plan)s"),
        "coupon": _("Redeem a coupon for %(plan)s"),
        "withdraw": _("Withdraw a change of %(plan)s"),
        "cancel": _("End %(plan)s"),
    }
    return titles[asked.act] % name


def act_told(act: str) -> str:
    """Return in a sentence what an act does."""
    told = {
        "change": _("Plan, version, quantity and add-ons. What you leave as it is stays."),
        "pause": _("In a pause nothing is billed and nothing granted, until the contract is resumed."),
        "resume": _("From then on it is billed and granted again."),
        "renew": _("Moves the end of the contract out; plan, add-ons and calendar go on as they are."),
        "coupon": _("Its discount counts from the first period that is not billed yet."),
        "withdraw": _("What was agreed on for later does not come: what is held before it goes on."),
        "cancel": _("What is used up to the end is billed as usual. A contract that is over does not come back."),
    }
    return told[act]


def done_text(act: str) -> tuple[str, str]:
    """Return what was done and its tone, for the page that comes after it; nothing for an act that there is not."""
    if act == UNFIT:
        return _("This does not fit the contract as it stands by now. Nothing was done: look at it below."), "warn"
    done = {
        "taken_on": _("The customer is taken on. Give it a contract, or make a quote for one."),
        "invited": _("The customer is taken on, and its administrator invited by mail. Give it a contract now."),
        "particulars": _("The particulars are changed: they hold for documents that are issued from now on."),
        "reinvited": _("The administrator is invited by mail."),
        "begun": _("The contract is begun."),
        "change": _("The contract is changed."),
        "pause": _("The pause is agreed on."),
        "resume": _("It is agreed on that the contract goes on."),
        "renew": _("The contract is renewed."),
        "coupon": _("The coupon is redeemed."),
        "withdraw": _("The change is withdrawn."),
        "cancel": _("The end is agreed on."),
    }
    return done.get(act, ""), "good"


def first_said(asked: Asked) -> dict[str, str]:
    """Return what an act's form says before somebody wrote in it: the contract as it stands."""
    contract = asked.contract
    said = {"when": "prorate_now" if asked.act == "resume" else "at_period_end"}
    match asked.act:
        case "change":
            said |= {"plan": "", "quantity": str(contract.base.quantity)}
            said |= {f"{ADDON}{held.slot}": str(held.quantity) for held in contract.addon_holdings}
        case "cancel" if contract.renews_months:
            said["when"] = "at_term_end"
        case "renew":
            assert contract.ends_at is not None, "only what has an end is renewed"
            said = {"last_day": last_day(contract.ends_at + timedelta(days=365), asked.tz).isoformat()}
        case "withdraw":
            said = {"at": asked.pending[0].isoformat() if asked.pending else ""}
        case "coupon":
            said = {"coupon": ""}
    return said


def sections_of(asked: Asked, made: Maker, sold: Sold) -> tuple[Section, ...]:
    """Return an act's form, part by part."""
    field = made.field
    when = Section(_("When"), (_when(asked, made),), _stays(asked))
    match asked.act:
        case "change":
            stays = [("", _("as before: %(plan)s") % {"plan": _held(asked.contract)}), *sold.plans]
            addons = dict(sold.addons) | {held.slot: held.plan_name for held in asked.contract.addon_holdings}
            return (
                Section(_("Plan"), ((field("plan", _("Plan"), "wide", stays),
                                     field("quantity", _("Quantity"), "figure")),)),
                addons_section(made, tuple(addons.items())),
                when,
            )  # fmt: skip
        case "renew":
            return (
                Section(_("Until"), ((replace(field("last_day", _("Last day"), "day"), hint=_("Empty: no end.")),),)),
            )
        case "coupon":
            return (Section(_("Coupon"), ((field("coupon", _("Code")),),), sold.coupons),)
        case "withdraw":
            pending = [(edge.isoformat(), _pending_text(asked, edge)) for edge in asked.pending]
            return (Section(_("Which change"), ((field("at", _("Change"), "wide", pending),),)),)
        case "cancel":
            reason = field("reason", _("Reason, for your own records"))
            return (Section(when.title, (*when.rows, (reason,)), when.note),)
    return (when,)


def to_do(asked: Asked, fields: Mapping[str, str], sold: Sold) -> Given:
    """Return the request that a form says: preview and execution take the very same.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said, contract = Said(fields), asked.contract
    place = (contract.tenant_id, contract.id)
    given: Given
    match asked.act:
        case "renew":
            last_day = said.day("last_day") if said.text("last_day") else None
            ends_on = None if last_day is None else last_day + timedelta(days=1)
            given = RenewInput(*place, asked.actor, ends_on)
        case "coupon":
            if not said.text("coupon"):
                said.fault("coupon", "coupon_missing", _("Write the code of the coupon."))
            given = RedeemInput(*place, said.text("coupon", 40).upper(), asked.actor)
        case "withdraw":
            at = next((edge for edge in asked.pending if edge.isoformat() == said.text("at")), None)
            given = WithdrawInput(*place, asked.actor, at)
        case "cancel":
            given = _cancellation(asked, said)
        case _:
            given = _change(asked, said, sold)
    said.check()
    return given


def _cancellation(asked: Asked, said: Said) -> CancelInput:
    whens: dict[str, CancelWhen] = {"prorate_now": "prorate_now", "at_term_end": "at_term_end", "on": "at_instant"}
    when = whens.get(said.text("when"), "at_period_end")
    at = _on(asked, said, last=True) if when == "at_instant" else None
    return CancelInput(asked.contract.tenant_id, asked.contract.id, asked.actor, when, at, said.text("reason"))


def _change(asked: Asked, said: Said, sold: Sold) -> ChangeInput:
    contract, base = asked.contract, asked.contract.base
    when: Literal["prorate_now", "at_period_end"] = (
        "at_period_end" if said.text("when") == "at_period_end" else "prorate_now"
    )
    at = _on(asked, said) if said.text("when") == "on" else None
    # What is agreed on for later stays; who does not want it withdraws it.
    keep = bool(asked.pending)
    if asked.act != "change":
        mode: Literal["paused", "regular"] = "paused" if asked.act == "pause" else "regular"
        return ChangeInput(
            contract.tenant_id, contract.id, asked.actor, mode=mode, keep_later=keep, when=when, at=at
        )  # fmt: skip
    plan_key, version = plan_said(said, "plan", sold.plans) if said.text("plan") else (None, None)
    amount = said.whole("quantity", 1, MOST, base.quantity)
    addons = tuple(AddonInput(key, many) for key, many in addons_said(said))
    held = {(one.slot, one.quantity) for one in contract.addon_holdings}
    kept: tuple[AddonInput, ...] | None = None if {(one.key, one.quantity) for one in addons} == held else addons
    return ChangeInput(
        contract.tenant_id, contract.id, asked.actor, plan_key=plan_key, version=version, addons=kept,
        quantity=None if amount == base.quantity else amount, keep_later=keep, when=when, at=at,
    )  # fmt: skip


def _when(asked: Asked, made: Maker) -> tuple[Field, ...]:
    contract, tz, ends = asked.contract, asked.tz, asked.act == "cancel"
    until = {"day": _end(asked.running.ends_at, tz)}
    choices = [("at_period_end", _("with the running period, after %(day)s") % until)]
    if ends and contract.ends_at is not None:
        word = _("with its term, after %(day)s: it does not renew") % {"day": _end(contract.ends_at, tz)}
        choices.append(("at_term_end", word))
    choices.append(("prorate_now", _("at once")))
    choices.append(("on", _("after a day that I choose") if ends else _("from a day that I choose on")))
    when = made.field("when", _("When"), "wide", choices)
    on = made.field("on", _("Last day") if ends else _("First day"), "day")
    hint = "" if ends else _("In the running period: until %(day)s.") % until
    fields = [replace(when, asks=True), replace(on, hint=hint, asked_by="on")]
    return tuple(fields)


def _stays(asked: Asked) -> str:
    if not asked.pending or asked.act == "cancel":
        return ""
    later = {"day": day(local_date(asked.pending[0], asked.tz))}
    return _("What is agreed on from %(day)s on stays as it is; withdraw it first if it should not.") % later


def _on(asked: Asked, said: Said, *, last: bool = False) -> datetime | None:
    """Return the instant that a day means: its beginning (today: now), or with `last` the end of it."""
    chosen = said.day("on")
    if chosen.year < 2:
        return None
    at = day_start(chosen + timedelta(days=1) if last else chosen, asked.tz)
    return None if not last and chosen == local_date(asked.contract.as_of, asked.tz) else at


def _held(contract: SubscriptionView) -> str:
    words = {"plan": contract.plan_name, "number": contract.version_number}
    return _("%(plan)s, version %(number)s") % words


def _pending_text(asked: Asked, edge: datetime) -> str:
    then = asked.contract.at(edge)
    what = _("paused") if then.base.mode == "paused" else f"{_held(then)} × {quantity(then.base.quantity)}"
    words = {"day": day(local_date(edge, asked.tz)), "what": what}
    return _("from %(day)s: %(what)s") % words


def _end(ends_at: datetime, tz: ZoneInfo) -> str:
    return day(last_day(ends_at, tz))
