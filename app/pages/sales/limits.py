"""What sellers may give away alone, and the floor under which nobody sells, as the page shows it (pure)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.i18n import gettext as _
from app.pages.said import Field, Said
from app.pages.sales.quotes import share
from app.pages.tables import Column, Table, cell, number
from billing.quotes.reads import EVERYBODY, LimitView
from core.errors import InputError
from tenants.reads import UserView
from tenants.roles import Permission, permissions_of

__all__ = ("limit_fields", "limits_table", "parse_limit", "said_of_limit", "sellers")

HUNDRED = Decimal(100)
_SHARES = ("discount_percent", "floor_percent", "margin_floor_percent")


def sellers(users: Sequence[UserView]) -> dict[str, str]:
    """Return the vendor's users who make or approve quotes, by how the audit trail names them."""
    sells = {Permission.SUBSCRIPTIONS_WRITE, Permission.QUOTES_APPROVE}
    found = [one for one in users if one.active and sells & permissions_of(one.role)]
    return {EVERYBODY: _("Everybody not named")} | {f"user:{one.id}": f"{one.name} ({one.email})" for one in found}


def limits_table(limits: Sequence[LimitView], names: Mapping[str, str], here: str) -> Table:
    """Return all limits, each leading to the form with its figures; whoever is gone stands by their key."""
    return Table(
        id="limits",
        caption=_("Limits"),
        columns=(
            Column(_("Seller")),
            Column(_("Gives away alone, up to"), numeric=True),
            Column(_("Sells at no less than"), numeric=True),
            Column(_("Keeps after costs"), numeric=True),
        ),
        rows=tuple(
            (
                cell(names[one.seller], f"{here}?seller={one.seller}") if one.seller in names else cell(one.seller),
                number(share(one.discount_percent), f"{one.discount_percent:f}"),
                number(share(one.floor_percent), f"{one.floor_percent:f}"),
                cell("–")
                if one.margin_floor_percent is None
                else number(share(one.margin_floor_percent), f"{one.margin_floor_percent:f}"),
            )
            for one in limits
        ),
        empty_title=_("No limits yet"),
        empty_text=_("Every discount needs an approval, and there is no floor. Begin with everybody not named."),
    )


def said_of_limit(seller: str, limits: Sequence[LimitView]) -> dict[str, str]:
    """Return the form of a seller with what holds for them now: their own limit, else everybody's."""
    known = {one.seller: one for one in limits}
    now = known.get(seller) or known.get(EVERYBODY)
    shares = {} if now is None else {name: getattr(now, name) for name in _SHARES}
    return {"seller": seller} | {name: f"{share:f}" for name, share in shares.items() if share is not None}


def limit_fields(
    said: Mapping[str, str], names: Mapping[str, str], faults: Sequence[InputError] = ()
) -> tuple[Field, ...]:
    """Return the form, each fault beside its field."""

    def field(name: str, label: str, kind: str = "text", choices: Mapping[str, str] | None = None) -> Field:
        told = tuple(fault.detail for fault in faults if fault.pointer.removeprefix("/") == name)
        return Field(name, label, said.get(name, ""), tuple((choices or {}).items()), kind, told)

    return (
        field("seller", _("Seller"), choices=names),
        field("discount_percent", _("Gives away alone, up to per cent"), "figure"),
        field("floor_percent", _("Sells at no less than per cent of list price"), "figure"),
        field("margin_floor_percent", _("Keeps at least per cent of the price after costs"), "figure"),
    )


def parse_limit(form: Mapping[str, str], names: Mapping[str, str]) -> LimitView:
    """Read the form; an empty floor is none. After costs 0 is a floor: nothing is sold at a loss.

    Raises:
        InvalidInput: every fault with the name of its field.
    """
    said = Said(form)
    seller = said.text("seller")
    if seller not in names:
        said.fault("seller", "seller_unknown", _("Choose one of the sellers listed."))
    discount, floor, left = (said.figure(name, HUNDRED) for name in _SHARES)
    if not said.text("discount_percent"):
        said.fault(
            "discount_percent",
            "number_missing",
            _("Say how much they may give away; with 0 every discount needs an approval."),
        )
    said.check()
    return LimitView(seller, discount or Decimal(0), floor or Decimal(0), left)
