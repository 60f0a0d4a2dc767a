"""What the demo's bank was granted beside its contract: credits to come, licence files, and seats it invites to."""

from datetime import datetime

from app.demo.people import population
from app.demo.steps import ACTOR, Lived, done_steps, note_step
from app.demo.world import World
from billing.actions.buy_credits import CreditsInput, buy_credits
from core.db import Database
from core.money import Money
from core.periods import add_months, local_date
from core.scope import TenantScope
from plans.licensing.actions.issue_licence import LicenceWish, issue_licence
from plans.licensing.actions.revoke_licence import revoke_licence
from plans.licensing.seats.actions.invite import InviteInput, invite
from plans.licensing.seats.actions.keep_pool import PoolInput, create_pool
from tenants.reads import TenantView

__all__ = ("grant",)

CUSTOMER = "nordhaven-bank"
_STEP = "grants"
_SITES = (("Head office, training rooms", "hq-4f2a"), ("Branch in Bergen", "bergen-91c0"))
_INVITED = 3


def grant(db: Database, world: World, tenants: dict[str, TenantView]) -> Lived:
    """Grant it all, once.

    The credits pay from the first day of next month on and nobody is seated before taking an invitation,
    so that no figure of the months that were billed depends on them.
    """
    tenant, now, made = tenants[CUSTOMER], world.now, 0
    if _STEP not in done_steps(db, tenant.id):
        staff = [one.key for one in population(world.customer(CUSTOMER)).people if one.imported and one.left_ms is None]
        with db.begin(TenantScope(tenant.id)) as session:
            buy_credits(session, _goodwill(tenant, now), now)
            files = [issue_licence(session, tenant, LicenceWish(name=n, fingerprint=f), ACTOR, now) for n, f in _SITES]
            revoke_licence(session, tenant.id, files[-1].id, "The branch has moved", ACTOR, now)
            pool = PoolInput("coaches", "Coaches in the branches", 10)
            create_pool(session, tenant, pool, ACTOR, now)
            invite(session, tenant, pool.key, staff[:_INVITED], InviteInput(30), ACTOR, now)
            note_step(session, tenant.id, _STEP)
        made = 1 + len(files) + _INVITED
    return Lived("granted: credits to come, licence files, invitations", made, "grants")


def _goodwill(tenant: TenantView, now: datetime) -> CreditsInput:
    first = add_months(local_date(now, tenant.tz).replace(day=1), 1)
    return CreditsInput(
        tenant.id, "Goodwill for a slow start", Money(250_000, tenant.currency), ACTOR, price=Money(0, tenant.currency),
        starts_on=first, expires_on=add_months(first, 12), reason="The single sign-on came a month late",
    )  # fmt: skip
