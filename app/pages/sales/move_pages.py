"""The addresses of moves: preview whom a new version concerns and what it bills, then carry it out with progress."""

from collections import Counter
from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.sales.moves import items_table, move_counts, move_title, moves_table
from app.pages.tables import PAGE_SIZE
from app.pages.visit import VendorVisit, confirm_word, cursor_of
from core.errors import Refused
from plans.actions.move_customers import MoveInput, cancel_move, start_move
from plans.reads import PlanView, all_subscriptions, get_plan, list_plans, versions
from plans.reads.moves import MoveView, get_move, move_items, moves_of
from tenants.reads import list_tenants
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/sales/catalogue/{plan_key:str}/moves", sync_to_thread=True)
def moves(vendor: VendorVisit, plan_key: str) -> Response[str]:
    """Preview a move, and what was moved."""
    return _moves(vendor, plan_key)


@post("/sales/catalogue/{plan_key:str}/moves", sync_to_thread=True)
def preview(vendor: VendorVisit, plan_key: str, data: Form) -> Answer:
    """Queue a preview: it moves nobody."""
    vendor.need(Permission.CATALOGUE_WRITE)
    when: Literal["prorate_now", "at_period_end"] = (
        "prorate_now" if data.get("when") == "prorate_now" else "at_period_end"
    )
    to_plan, to = _target(data.get("to", ""), plan_key)
    given = MoveInput(
        plan_key, _whole(data.get("from", "")), to, vendor.principal.actor, when, preview=True, to_plan_key=to_plan
    )
    done = vendor.attempt(lambda: start_move(vendor.session, given, vendor.now))
    if isinstance(done, Refused):
        return _moves(vendor, plan_key, done, data)
    return Redirect(f"{_base(plan_key)}/{done.id}", status_code=303)


@get("/sales/catalogue/{plan_key:str}/moves/{move_id:uuid}", sync_to_thread=True)
def move(vendor: VendorVisit, plan_key: str, move_id: UUID) -> Response[str]:
    """How far a move is, and what became of each contract."""
    return _move(vendor, plan_key, move_id)


@post("/sales/catalogue/{plan_key:str}/moves/{move_id:uuid}/carry-out", sync_to_thread=True)
def carry_out(vendor: VendorVisit, plan_key: str, move_id: UUID, data: Form) -> Answer:
    """Do what was previewed."""
    vendor.need(Permission.CATALOGUE_WRITE)
    seen = get_move(vendor.session, move_id)

    def act() -> MoveView:
        confirm_word(data, _("move"))
        given = MoveInput(
            seen.plan_key, seen.from_number, seen.to_number, vendor.principal.actor, seen.when,
            to_plan_key=seen.to_plan_key,
        )  # fmt: skip
        return start_move(vendor.session, given, vendor.now)

    done = vendor.attempt(act)
    if isinstance(done, Refused):
        return _move(vendor, plan_key, move_id, done)
    return Redirect(f"{_base(plan_key)}/{done.id}", status_code=303)


@post("/sales/catalogue/{plan_key:str}/moves/{move_id:uuid}/cancel", sync_to_thread=True)
def cancel(vendor: VendorVisit, plan_key: str, move_id: UUID) -> Redirect:
    """Stop it; who was moved stays moved."""
    vendor.need(Permission.CATALOGUE_WRITE)
    cancel_move(vendor.session, move_id, vendor.now)
    return Redirect(f"{_base(plan_key)}/{move_id}", status_code=303)


def _moves(
    vendor: VendorVisit, plan_key: str, refusal: Refused | None = None, data: dict[str, str] | None = None
) -> Response[str]:
    vendor.need(Permission.CATALOGUE_WRITE)
    plan, found = get_plan(vendor.session, plan_key), versions(vendor.session, plan_key)
    held = Counter(
        holding.version_number
        for one in all_subscriptions(vendor.session)
        if one.status in ("active", "ending")
        for holding in (one.base, *one.addon_holdings)
        if holding.plan_key == plan_key
    )
    numbers = [one.number for one in found if one.retired_at is None]
    sold = [
        (f"{plan_key}/{one}", _("%(plan)s, version %(number)s") % {"plan": plan.name, "number": one}) for one in numbers
    ]
    others = [
        (
            f"{one.key}/{one.newest.number}",
            _("%(plan)s, version %(number)s") % {"plan": one.name, "number": one.newest.number},
        )
        for one in list_plans(vendor.session, plan.kind)
        if one.newest is not None and one.key != plan_key
    ]
    older = sorted(number for number in held if number not in numbers[:1])
    said = {"from": older[0] if older else 0, "to": sold[0][0] if sold else "", "when": ""}
    if data is not None:
        said |= {"from": _whole(data.get("from", "")), "to": data.get("to", ""), "when": data.get("when", "")}
    return vendor.page(
        "sales/moves.html", "catalogue", *_crumbs(plan, Crumb(_("Move customers"))),
        status=refusal.status if refusal else 200, refusal=refusal, plan=plan, held=sorted(held.items()),
        sold=[*sold, *others], said=said,
        table=moves_table(moves_of(vendor.session, plan_key), _base(plan_key), _names(vendor)),
    )  # fmt: skip


def _move(vendor: VendorVisit, plan_key: str, move_id: UUID, refusal: Refused | None = None) -> Response[str]:
    vendor.need(Permission.CATALOGUE_WRITE)
    plan, found = get_plan(vendor.session, plan_key), get_move(vendor.session, move_id)
    items = move_items(vendor.session, move_id, cursor_of(vendor.query.get("after")), PAGE_SIZE + 1)
    after = str(items[PAGE_SIZE - 1].subscription_id) if len(items) > PAGE_SIZE else None
    tenants = {one.id: one for one in list_tenants(vendor.session)}
    total = sum(found.counts.values())
    done = found.status == "done"
    title, target = move_title(found, _names(vendor)), get_plan(vendor.session, found.to_plan_key)
    way = (Crumb(_("Move customers"), _base(plan_key)), Crumb(title))
    return vendor.page(
        "sales/move.html", "catalogue", *_crumbs(plan, *way),
        status=refusal.status if refusal else 200, refusal=refusal, move=found, title=title, target=target.name,
        told=plan.name,
        total=max(total, 1), done=total - found.counts.get("waiting", 0), counts=move_counts(found),
        acts={"cancel": found.status == "running", "carry_out": found.preview and done and "moves" in found.counts},
        here=f"{_base(plan_key)}/{move_id}", table=items_table(items[:PAGE_SIZE], tenants, vendor.query, after),
    )  # fmt: skip


def _target(text: str, plan_key: str) -> tuple[str, int]:
    """Read `plan/3`; a number alone is of the same plan."""
    plan, _slash, number = text.rpartition("/")
    return plan or plan_key, _whole(number)


def _names(vendor: VendorVisit) -> dict[str, str]:
    return {one.key: one.name for one in list_plans(vendor.session)}


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _base(plan_key: str) -> str:
    return f"/sales/catalogue/{plan_key}/moves"


def _crumbs(plan: PlanView, *rest: Crumb) -> tuple[Crumb, ...]:
    return Crumb(_("Catalogue"), "/sales/catalogue"), Crumb(plan.name, f"/sales/catalogue/{plan.key}"), *rest


route_handlers = (moves, preview, move, carry_out, cancel)
