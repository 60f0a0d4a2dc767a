"""Names for what the code knows by key: meters, units, reasons, features, steps, states."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from app.i18n import gettext as _
from metering.measurement import EXCLUSIONS
from metering.unmetered import UNMETERED

__all__ = (
    "entry_reason",
    "exclusion_reason",
    "feature_name",
    "line_kind_name",
    "meter_meaning",
    "meter_name",
    "one_of",
    "permission_name",
    "state_badge",
    "unit_name",
    "unmetered_reason",
    "variant_name",
)


def _look_up(names: Mapping[str, str], key: str) -> str:
    """Return the name, or the key made readable: a custom meter or a new feature is still shown."""
    return names.get(key) or key.replace("_", " ").replace(".", " ").strip().capitalize()


def meter_name(meter: str) -> str:
    """Return what a meter is called."""
    names = {
        "members.registered": _("Registered members"),
        "members.registered.average": _("Registered members, average"),
        "members.registered.peak": _("Registered members, peak"),
        "members.registered.end_of_period": _("Registered members at the end"),
        "members.registered.any": _("Registered members, anyone"),
        "members.idle": _("Idle members, average"),
        "members.active": _("Active members"),
        "members.contributors": _("Contributors"),
        "contributions": _("Contributions"),
        "seats.named.peak": _("Named seats, peak"),
        "seats.named.prorated": _("Named seats, by day"),
        "seats.named.end_of_period": _("Named seats at the end"),
        "sessions.concurrent.peak": _("Concurrent users, peak"),
        "sessions.concurrent.p95": _("Concurrent users, 95th percentile"),
        "sessions.concurrent.average": _("Concurrent users, average"),
        "courses.transactions.charged": _("Course transactions charged"),
        "courses.transactions.refunded": _("Course transactions refunded"),
        "courses.transactions.net": _("Course transactions, net"),
        "courses.transactions": _("Course transactions"),
        "class.hours": _("Class hours"),
        "courses.revenue": _("Course revenue"),
    }
    return _look_up(names, meter)


def meter_meaning(meter: str) -> str:
    """Return in one sentence what a meter counts."""
    meanings = {
        "members.registered.average": _("People with a membership open: member-days divided by the days of the month."),
        "members.registered.peak": _("People with a membership open: the highest day of the month."),
        "members.registered.end_of_period": _("People whose membership is open at the end of the month."),
        "members.idle": _("Member-days of people who did nothing for so long that they are idle, divided by the days."),
        "members.active": _("Different people with at least one learning or community act; a login alone is none."),
        "members.contributors": _("Different people who created something: a post, an answer, a file, an idea."),
        "contributions": _("Things that people created, weighted as the contract says."),
        "seats.named.peak": _("Seats held: the highest day. A released seat counts until its cool-down has passed."),
        "seats.named.prorated": _("Seats held: seat-days divided by the days of the month."),
        "seats.named.end_of_period": _("Seats held at the end of the month."),
        "sessions.concurrent.peak": _("People signed in at the same instant: the highest instant of the month."),
        "sessions.concurrent.p95": _("People signed in at once, minute by minute; the busiest 5% of minutes are free."),
        "sessions.concurrent.average": _("People signed in at once, averaged over every second of the month."),
        "courses.transactions.charged": _("One per person, course and access window; the trigger is the contract's."),
        "courses.transactions.refunded": _("Transactions given back by cancellations in this month."),
        "courses.transactions.net": _("Transactions charged less those given back in this month."),
        "class.hours": _("Attended class minutes divided by 60, added up over people."),
    }
    return meanings.get(meter, "")


def unit_name(unit: str, figure: Decimal | Fraction | int | None = None) -> str:
    """Return the unit as it stands behind a figure: of one in the singular, else in the plural."""
    names = {
        "person": (_("person"), _("people")),
        "member": (_("member"), _("members")),
        "seat": (_("seat"), _("seats")),
        "session": (_("at once"), _("at once")),
        "user": (_("user"), _("users")),
        "transaction": (_("transaction"), _("transactions")),
        "contribution": (_("contribution"), _("contributions")),
        "hour": (_("hour"), _("hours")),
        "course": (_("course"), _("courses")),
        "gb": (_("GB"), _("GB")),
        "audience": (_("audience"), _("audiences")),
        "month": (_("month"), _("months")),
    }
    # Meters name their unit in the singular, features in the plural.
    one = "person" if unit == "people" else unit.removesuffix("s")
    singular, plural = names.get(one, (unit.replace("_", " "),) * 2)
    return singular if figure is not None and abs(figure) == 1 else plural


def one_of(meter: str | None) -> str:
    """Return the thing a price is for, in the singular."""
    if meter is None:
        return _("each")
    names = {
        "members": _("a member"),
        "contributions": _("a contribution"),
        "seats": _("a seat"),
        "sessions": _("a concurrent user"),
        "courses": _("a course transaction"),
        "class": _("an hour"),
    }
    return names.get(meter.split(".", maxsplit=1)[0], _("each"))


def feature_name(key: str) -> str:
    """Return what a feature is called."""
    names = {
        "wbt_catalogue": _("Web-course (WBT) catalogue"),
        "ilt": _("Instructor-led classes (ILT)"),
        "certification": _("Certification"),
        "compliance_tracking": _("Compliance tracking"),
        "scim": _("SCIM feed"),
        "xapi": _("xAPI feed"),
        "discussions": _("Discussions"),
        "blogs": _("Blogs"),
        "ratings": _("Ratings"),
        "comments": _("Comments"),
        "profiles": _("Profiles"),
        "wikis": _("Wikis"),
        "file_sharing": _("File sharing"),
        "idea_sharing": _("Idea sharing"),
        "expertise_location": _("Expertise location"),
        "reporting": _("Reporting"),
        "audiences": _("Audiences"),
        "chargeback": _("Chargeback"),
    }
    return _look_up(names, key)


def variant_name(key: str) -> str:
    """Return what a form of a feature, or an extra to it, is called."""
    names = {
        "standard": _("standard"),
        "custom": _("custom"),
        "warehouse_export": _("warehouse export"),
        "showback": _("showback"),
        "several_entities": _("several entities"),
        "reputation_api": _("reputation API"),
        "resources": _("resources"),
        "wait_list": _("wait-list"),
        "audit_e_signature": _("audit with e-signature"),
    }
    return names.get(key, key.replace("_", " "))


def entry_reason(code: str) -> str:
    """Return why somebody was counted."""
    names = {
        "membership_open": _("Membership open"),
        "idle": _("Idle for so long that the days are credited"),
        "active_by_event": _("Active by this event"),
        "contributed": _("Created something"),
        "contribution": _("Contribution"),
        "seat_held": _("Seat held"),
        "seat_cooling_down": _("Seat released, cool-down running"),
        "session_open": _("Signed in"),
        "charged_on_enrolled": _("Enrolled"),
        "charged_on_launched": _("Course launched"),
        "charged_on_completed": _("Course completed"),
        "charged_on_attended": _("Class attended"),
        "charged_on_missed": _("Class missed, billable"),
        "refunded_by_learner": _("Cancelled by the learner, refunded"),
        "refunded_by_provider": _("Cancelled by the provider, refunded"),
        "class_attended": _("Class attended"),
        "purchase": _("Purchase"),
        "refund_paid": _("Refund paid"),
        "counted": _("Counted"),
        "counted_once": _("Counted once"),
        "highest": _("The highest value"),
        "lowest": _("The lowest value"),
        "latest": _("The last value"),
        "level_held": _("Level held"),
        "open": _("Open"),
    }
    return _look_up(names, code)


def exclusion_reason(code: str) -> str:
    """Return why somebody was not counted, as a sentence."""
    return _(EXCLUSIONS[code]) if code in EXCLUSIONS else _look_up({}, code)


def unmetered_reason(code: str) -> str:
    """Return why no meter counts an event, as a sentence."""
    return _(UNMETERED[code]) if code in UNMETERED else _look_up({}, code)


def line_kind_name(kind: str) -> str:
    """Return what kind of line of a bill this is."""
    names = {
        "usage": _("Usage"),
        "advance": _("In advance"),
        "refund": _("Refund"),
        "late": _("Late facts"),
        "prepaid": _("Prepaid credits"),
        "credit": _("Credit"),
        "reversal": _("Reversal"),
    }
    return _look_up(names, kind)


def permission_name(key: str) -> str:
    """Return what a scope of a key lets it do."""
    names = {
        "events:write": _("Send events and corrections"),
        "usage:read": _("Read figures and their evidence"),
        "meters:write": _("Define meters"),
        "people:read": _("Read people and cost centres"),
        "people:write": _("Change people and cost centres"),
        "people:erase": _("Erase somebody's personal data for good"),
        "seats:read": _("Read who holds a seat"),
        "seats:write": _("Assign and release seats"),
        "catalogue:read": _("Read plans and prices"),
        "catalogue:write": _("Change plans and prices"),
        "subscriptions:read": _("Read contracts"),
        "subscriptions:write": _("Change contracts"),
        "licences:read": _("Read pools: who is in, and who was not let in"),
        "licences:write": _("Change pools and issue licence files"),
        "licences:use": _("Check out, hold and release seats of floating pools"),
        "quotes:approve": _("Approve quotes"),
        "quotes:accept": _("Accept quotes"),
        "invoices:read": _("Read bills"),
        "invoices:write": _("Issue and change bills"),
        "chargeback:read": _("Read the chargeback"),
        "chargeback:write": _("Change the chargeback"),
        "chargeback:approve": _("Approve the chargeback"),
        "statement:read": _("Read statements"),
        "tenants:read": _("Read the list of customers"),
        "customers:write": _("Take on customers and change their particulars"),
        "tenants:write": _("Change customers and users"),
        "clock:write": _("Move test clocks"),
        "audit:read": _("Read the audit trail"),
        "connect:write": _("Manage keys, webhooks, mails and alerts"),
        "sso:write": _("Manage users and single sign-on: who comes in, as what"),
        "scim": _("Send people and groups from a directory (SCIM)"),
    }
    return _look_up(names, key)


def state_badge(state: str) -> tuple[str, str]:
    """Return a state's name and the tone of its badge."""
    names = {
        "draft": (_("Draft"), "info"),
        "queued": (_("Waiting"), "info"),
        "running": (_("Running"), "info"),
        "done": (_("Done"), "good"),
        "cancelled": (_("Cancelled"), ""),
        "failed": (_("Failed"), "bad"),
        "finalised": (_("Issued"), "good"),
        "paid": (_("Paid"), "good"),
        "void": (_("Void"), "bad"),
        "uncollectible": (_("Written off"), "bad"),
        "trial": (_("Trial"), "info"),
        "active": (_("Active"), "good"),
        "suspended": (_("Suspended"), "warn"),
        "closed": (_("Closed"), ""),
        "scheduled": (_("Scheduled"), "info"),
        "ending": (_("Ending"), "warn"),
        "ended": (_("Ended"), ""),
        "open": (_("Open"), "info"),
        "sent": (_("Sent"), "info"),
        "needs_approval": (_("Needs approval"), "warn"),
        "accepted": (_("Accepted"), "good"),
        "declined": (_("Declined"), ""),
        "superseded": (_("Replaced"), ""),
        "withdrawn": (_("Withdrawn"), ""),
        "approved": (_("Approved"), "warn"),
        "posted": (_("Posted"), "good"),
        "retired": (_("Retired"), ""),
        "published": (_("Published"), "good"),
        "valid": (_("Valid"), "good"),
        "revoked": (_("Revoked"), "bad"),
        "expired": (_("Expired"), ""),
        "stopped": (_("Stopped"), "warn"),
        "due": (_("Due"), "info"),
        "delivered": (_("Delivered"), "good"),
        "dead": (_("Given up"), "bad"),
        "writing": (_("Being written"), "info"),
        "written": (_("Leaving"), "info"),
        "archived": (_("In a file"), "good"),
        "restoring": (_("Coming back"), "info"),
        "restored": (_("On line again"), "warn"),
    }
    return names.get(state, (_look_up({}, state), ""))
