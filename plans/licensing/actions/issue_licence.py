"""Issue a licence file: what a contract grants, to be believed without a network."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.errors import InputError
from core.ids import new_id
from plans.entitlements import is_served
from plans.licensing.errors import CustomerSuspended, LicenceInvalid, LicenceNotGranted
from plans.licensing.licences import LONGEST, LicenceView, Terms, is_granting, licence_claims, stays_until
from plans.licensing.store import add_licence
from plans.reads import find_subscription, subscriptions
from plans.subscriptions import SubscriptionView
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("LicenceWish", "issue_licence")

USUAL = timedelta(days=30)
"""How long a licence file is valid where nothing is asked for."""


@dataclass(frozen=True, slots=True)
class LicenceWish:
    """What a licence file should be; None and "" leave it to the contract."""

    subscription: str | None = None
    name: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    fingerprint: str = ""


def issue_licence(session: Session, tenant: TenantView, wish: LicenceWish, actor: str, now: datetime) -> LicenceView:
    """Issue a licence file of what a contract grants at the start of its validity.

    It is valid for 30 days if nothing else is asked for, and never beyond the contract's next change or
    end, nor for more than 366 days: offline nobody sees that a contract has changed.

    Args:
        session: scoped to the tenant.
        tenant: whose contract it is.
        wish: for which contract, from when until when, for which machine.
        actor: who issues it.
        now: the tenant's time.

    Raises:
        CustomerSuspended: nothing is granted to them (`suspended`).
        NotFound: there is no contract of that name (`not_found`).
        LicenceNotGranted: no contract grants anything then (`licence_not_granted`).
        LicenceInvalid: the validity is over, empty, too long or too late, or it is unclear which contract is meant
            (`licence_invalid`).
    """
    if not is_served(tenant.status):
        raise CustomerSuspended(tenant.slug)
    starts_at = wish.starts_at or now
    if starts_at > now + LONGEST:
        detail = "Choose a start within the next 366 days."
        raise LicenceInvalid(InputError("/valid_from", "validity_too_late", detail))
    view = _contract(session, tenant, wish.subscription, starts_at)
    longest = stays_until(view)
    terms = Terms(wish.name, starts_at, wish.ends_at or min(starts_at + USUAL, longest), wish.fingerprint)
    _check(terms, longest, now)
    licence_id = new_id()
    claims = licence_claims(view, tenant.slug, licence_id, terms, now)
    issued = LicenceView(
        licence_id, view.id, terms.name, now, terms.starts_at, terms.ends_at, terms.fingerprint, claims, None, ""
    )
    add_licence(session, {"tenant_id": tenant.id, **asdict(issued)})
    record_audit(session, tenant.id, actor, "issue_licence", ("licence_file", str(licence_id)), claims)
    return issued


def _contract(session: Session, tenant: TenantView, key: str | None, at: datetime) -> SubscriptionView:
    if key is not None:
        found = [find_subscription(session, tenant.id, key, at)]
    else:
        found = list(subscriptions(session, tenant.id, at))
    granting = [view for view in found if is_granting(view)]
    if not granting:
        raise LicenceNotGranted(at)
    if len(granting) > 1:
        keys = ", ".join(view.key or str(view.id) for view in granting)
        detail = f"Several contracts run then. Name one of them: {keys}."
        raise LicenceInvalid(InputError("/subscription", "subscription_unclear", detail))
    return granting[0]


def _check(terms: Terms, longest: datetime, now: datetime) -> None:
    faults = []
    if terms.ends_at <= max(terms.starts_at, now):
        detail = "Choose an end that is later than the start, and later than now."
        faults.append(InputError("/valid_until", "validity_empty", detail))
    if terms.ends_at > longest:
        detail = (
            f"The contract says the same until {longest.isoformat()} (its next change or end, 366 days at most)."
            " Choose an end that is not later, and issue another licence file then."
        )
        faults.append(InputError("/valid_until", "validity_too_long", detail))
    if faults:
        raise LicenceInvalid(*faults)
