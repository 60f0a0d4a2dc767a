"""The demo's users and keys."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.demo.credentials import PASSWORD, DemoCredentials, DemoTenant, DemoUser
from app.demo.specs import CustomerSpec
from app.demo.steps import ACTOR
from app.demo.world import World
from core.db import Database
from core.scope import VENDOR_ID, GlobalScope, TenantScope
from tenants.actions.create_user import KeyInput, UserInput, create_api_key, create_user, hash_password, token_hash
from tenants.reads import TenantView, find_key, users_of

__all__ = ("let_people_in", "still_opens")

VENDOR_DOMAIN = "agora.example"
VENDOR_USERS = (
    ("admin", "Renate Falk", "vendor_admin"),
    ("sales", "Jules Moreau", "vendor_sales"),
    ("finance", "Priya Raman", "vendor_finance"),
    ("auditor", "Anton Weiss", "vendor_auditor"),
)
TENANT_USERS = (
    ("admin", "Administrator", "tenant_admin"),
    ("maker", "Finance, maker", "tenant_finance"),
    ("approver", "Finance, approver", "tenant_finance"),
    ("owner", "Cost-centre owner", "cost_centre_owner"),
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    user: UserInput
    with_key: bool


def let_people_in(db: Database, world: World, tenants: dict[str, TenantView], now: datetime) -> DemoCredentials:
    """Create everybody who may sign in and the keys that the demo hands out.

    Users that exist are left as they are; keys are made anew, since old ones cannot be read back.
    """
    hashed = hash_password(PASSWORD)
    wanted = _vendor_users(hashed) + [
        one for customer in world.customers for one in _tenant_users(customer.spec, tenants[customer.slug].id, hashed)
    ]
    keys = dict(_let_in(db, one, now) for one in wanted)
    slug_of = {tenants[customer.slug].id: customer.slug for customer in world.customers}
    users = tuple(
        DemoUser(one.user.email, PASSWORD, one.user.role, slug_of[one.user.tenant_id] if one.user.tenant_id else None)
        for one in wanted
    )
    return DemoCredentials(
        "", keys[f"admin@{VENDOR_DOMAIN}"], tuple(_keys_of(c.slug, keys) for c in world.customers), users
    )


def still_opens(db: Database, credentials: DemoCredentials, now: datetime) -> bool:
    """Say whether this database knows the keys that were written down."""
    tokens = [
        credentials.vendor_key,
        *(key for tenant in credentials.tenants for key in (tenant.key, *tenant.finance_keys)),
    ]
    with db.begin(GlobalScope()) as session:
        return all(find_key(session, token_hash(token), now) is not None for token in tokens)


def _vendor_users(hashed: str) -> list[_Wanted]:
    return [
        _Wanted(UserInput(f"{local}@{VENDOR_DOMAIN}", name, role, password_hash=hashed), role == "vendor_admin")
        for local, name, role in VENDOR_USERS
    ]


def _tenant_users(spec: CustomerSpec, tenant_id: UUID, hashed: str) -> list[_Wanted]:
    owned = max(spec.centres, key=lambda centre: centre.weight).code
    return [
        _Wanted(
            UserInput(
                f"{local}@{spec.slug}.example",
                f"{name} of {spec.name}",
                role,
                tenant_id,
                owned if role == "cost_centre_owner" else None,
                password_hash=hashed,
            ),
            role != "cost_centre_owner",
        )
        for local, name, role in TENANT_USERS
    ]


def _let_in(db: Database, wanted: _Wanted, now: datetime) -> tuple[str, str]:
    """Return the e-mail address and the token of a fresh key ('' where none is wanted)."""
    user = wanted.user
    scope = user.tenant_id or VENDOR_ID
    with db.begin(TenantScope(scope)) as session:
        known = {found.email: found.id for found in users_of(session, user.tenant_id)}
        user_id = known.get(user.email) or create_user(session, user, ACTOR, now)
        if not wanted.with_key:
            return user.email, ""
        return user.email, create_api_key(session, KeyInput(user_id, user.role, "Demo"), ACTOR, now).token


def _keys_of(slug: str, keys: dict[str, str]) -> DemoTenant:
    at = f"{slug}.example"
    return DemoTenant(slug, keys[f"admin@{at}"], (keys[f"maker@{at}"], keys[f"approver@{at}"]))
