"""Who may do what: one table, in one place."""

from enum import StrEnum

__all__ = ("GROUP_ROLES", "ROLES", "VENDOR_ROLES", "Permission", "Role", "permissions_of")


class Permission(StrEnum):
    """What a role allows. The values are also the scopes of API keys."""

    EVENTS_WRITE = "events:write"
    """Send facts and corrections."""
    USAGE_READ = "usage:read"
    """Figures and their evidence."""
    METERS_WRITE = "meters:write"
    """Define meters of one's own; the vendor's own, which everybody has, take `catalogue:write`."""
    PEOPLE_READ = "people:read"
    """People, cost centres, assignments."""
    PEOPLE_WRITE = "people:write"
    """Change people, cost centres, assignments."""
    PEOPLE_ERASE = "people:erase"
    """Erase somebody's personal data for good."""
    SEATS_READ = "seats:read"
    """Named seats: who holds one, who waits, what may be taken back."""
    SEATS_WRITE = "seats:write"
    """Assign, release and move named seats, and set their pools' rules."""
    CATALOGUE_READ = "catalogue:read"
    """Published plans and prices."""
    CATALOGUE_WRITE = "catalogue:write"
    """Draft, publish and retire plan versions."""
    SUBSCRIPTIONS_READ = "subscriptions:read"
    """Contracts."""
    SUBSCRIPTIONS_WRITE = "subscriptions:write"
    """Start, change and cancel contracts."""
    LICENCES_READ = "licences:read"
    """Pools and seats: limits, who is in, who was denied."""
    LICENCES_WRITE = "licences:write"
    """Make and change pools, assign seats, issue licence files."""
    LICENCES_USE = "licences:use"
    """Check out, hold and release leases; use up quotas."""
    QUOTES_APPROVE = "quotes:approve"
    """Approve quotes above a seller's limit, and set the limits."""
    QUOTES_ACCEPT = "quotes:accept"
    """Accept a quote for the customer: it becomes the contract."""
    INVOICES_READ = "invoices:read"
    """Invoices and their documents."""
    INVOICES_WRITE = "invoices:write"
    """Run, finalise, void and credit."""
    CHARGEBACK_READ = "chargeback:read"
    """Pools, rules, runs, all statements."""
    CHARGEBACK_WRITE = "chargeback:write"
    """Set rules, make runs, post approved ones."""
    CHARGEBACK_APPROVE = "chargeback:approve"
    """Approve a run that somebody else made."""
    STATEMENT_READ = "statement:read"
    """Statements; a cost-centre owner sees only their own."""
    TENANTS_READ = "tenants:read"
    """The vendor's list of customers."""
    CUSTOMERS_WRITE = "customers:write"
    """Take on customers, invite their first administrator, and change their particulars."""
    TENANTS_WRITE = "tenants:write"
    """Create and change customers, users and keys."""
    CLOCK_WRITE = "clock:write"
    """Make and advance test clocks."""
    AUDIT_READ = "audit:read"
    """The audit trail."""
    CONNECT_WRITE = "connect:write"
    """Keys, webhooks and alerts of a customer."""
    SSO_WRITE = "sso:write"
    """Users and single sign-on: who comes in, as what. Apart from `connect:write`, since it gives roles."""
    SCIM = "scim"
    """People and groups from a directory, under /scim/v2."""


class Role(StrEnum):
    """What a user is; the vendor's roles act for any tenant, the others for their own."""

    VENDOR_ADMIN = "vendor_admin"
    """Everything on the vendor's side."""
    VENDOR_SALES = "vendor_sales"
    """Catalogue, customers, contracts."""
    VENDOR_FINANCE = "vendor_finance"
    """The month's run."""
    VENDOR_AUDITOR = "vendor_auditor"
    """Reads everything, changes nothing."""
    TENANT_ADMIN = "tenant_admin"
    """Runs the suite at a customer."""
    TENANT_FINANCE = "tenant_finance"
    """Charges the bill back."""
    COST_CENTRE_OWNER = "cost_centre_owner"
    """Reads one statement."""
    TENANT_AUDITOR = "tenant_auditor"
    """Reads everything of one customer."""


_P = Permission
_READS = frozenset(
    {
        _P.USAGE_READ,
        _P.PEOPLE_READ,
        _P.SEATS_READ,
        _P.CATALOGUE_READ,
        _P.SUBSCRIPTIONS_READ,
        _P.LICENCES_READ,
        _P.INVOICES_READ,
        _P.CHARGEBACK_READ,
        _P.STATEMENT_READ,
        _P.AUDIT_READ,
    }
)

ROLES: dict[Role, frozenset[Permission]] = {
    # The vendor runs the service but a customer's chargeback is the customer's own affair.
    Role.VENDOR_ADMIN: frozenset(_P) - {_P.CHARGEBACK_WRITE, _P.CHARGEBACK_APPROVE, _P.QUOTES_ACCEPT},
    Role.VENDOR_SALES: frozenset(
        {
            _P.METERS_WRITE,
            _P.USAGE_READ,
            _P.CATALOGUE_READ,
            _P.CATALOGUE_WRITE,
            _P.SUBSCRIPTIONS_READ,
            _P.SUBSCRIPTIONS_WRITE,
            _P.LICENCES_READ,
            _P.LICENCES_WRITE,
            _P.INVOICES_READ,
            _P.TENANTS_READ,
            _P.CUSTOMERS_WRITE,
        }
    ),
    Role.VENDOR_FINANCE: frozenset(
        {
            _P.QUOTES_APPROVE,
            _P.USAGE_READ,
            _P.CATALOGUE_READ,
            _P.SUBSCRIPTIONS_READ,
            _P.INVOICES_READ,
            _P.INVOICES_WRITE,
            _P.TENANTS_READ,
            _P.AUDIT_READ,
        }
    ),
    Role.VENDOR_AUDITOR: _READS | {_P.TENANTS_READ},
    Role.TENANT_ADMIN: frozenset(
        {
            _P.QUOTES_ACCEPT,
            _P.EVENTS_WRITE,
            _P.METERS_WRITE,
            _P.USAGE_READ,
            _P.PEOPLE_READ,
            _P.PEOPLE_WRITE,
            _P.PEOPLE_ERASE,
            _P.SEATS_READ,
            _P.SEATS_WRITE,
            _P.CATALOGUE_READ,
            _P.SUBSCRIPTIONS_READ,
            _P.LICENCES_READ,
            _P.LICENCES_WRITE,
            _P.LICENCES_USE,
            _P.INVOICES_READ,
            _P.AUDIT_READ,
            _P.CONNECT_WRITE,
            _P.SSO_WRITE,
            _P.SCIM,
        }
    ),
    Role.TENANT_FINANCE: frozenset(
        {
            _P.USAGE_READ,
            _P.PEOPLE_READ,
            _P.SEATS_READ,
            _P.CATALOGUE_READ,
            _P.SUBSCRIPTIONS_READ,
            _P.INVOICES_READ,
            _P.CHARGEBACK_READ,
            _P.CHARGEBACK_WRITE,
            _P.CHARGEBACK_APPROVE,
            _P.STATEMENT_READ,
        }
    ),
    Role.COST_CENTRE_OWNER: frozenset({_P.STATEMENT_READ}),
    Role.TENANT_AUDITOR: _READS,
}

VENDOR_ROLES = frozenset(role for role in Role if role.value.startswith("vendor"))

GROUP_ROLES = (Role.TENANT_ADMIN, Role.TENANT_FINANCE, Role.TENANT_AUDITOR)
"""The roles that a group of a directory or a provider may stand for; of several the first holds. A cost-centre
owner needs a centre."""


def permissions_of(role: str) -> frozenset[Permission]:
    """Return what a role allows.

    Raises:
        ValueError: there is no such role.
    """
    return ROLES[Role(role)]
