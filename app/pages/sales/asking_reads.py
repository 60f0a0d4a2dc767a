"""What may be asked about, read for who asks."""

from sqlalchemy.orm import Session

from app.pages.sales.asking import PlanChoice, plan_choices
from app.pages.visit import TenantVisit
from plans.reads import all_drafts, list_plans, versions
from tenants.roles import Permission

__all__ = ("choices_for", "currencies_of", "sold_addons")


def choices_for(visit: TenantVisit, steward: Session) -> tuple[PlanChoice, ...]:
    """Return the plans, versions and drafts that the reader may ask about; drafts are for those who write them."""
    plans = list_plans(visit.session, "base")
    every = (one for plan in plans for one in versions(visit.session, plan.key))
    drafts = all_drafts(steward) if visit.may(Permission.CATALOGUE_WRITE) else ()
    return plan_choices(plans, every, drafts)


def sold_addons(visit: TenantVisit) -> list[tuple[str, str]]:
    """Return key and name of the add-ons that are sold."""
    return [(one.key, one.name) for one in list_plans(visit.session, "addon") if one.newest is not None]


def currencies_of(visit: TenantVisit) -> list[str]:
    """Return the currencies in which something is sold: the customer's own first."""
    sold = [plan.newest for plan in list_plans(visit.session, "base") if plan.newest is not None]
    others = {code for one in sold for code in one.document.currencies()}
    return [visit.tenant.currency, *sorted(others - {visit.tenant.currency})]
