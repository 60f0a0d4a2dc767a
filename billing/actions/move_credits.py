"""Move prepaid credits: what issued documents bring, draw and give back, and how a withdrawn one undoes that."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.drafts import DraftLine
from billing.errors import CreditsInUse, CreditsUsedUp, InvoiceDraftOutdated
from billing.models import PrepaidGrant
from billing.prepaid import BlockTerms, earned
from billing.reads import draw_of, get_grant, grants_of_invoice, movements_of_invoice, returned_of, still_paid
from billing.store import add, move_credits
from billing.views import GrantView, MovementView
from core.ids import new_id

__all__ = ("Issued", "Mover", "bring_credits", "issue_credits", "move", "revoke_credits", "undo_credits")

UNDONE = {
    "drawn": "returned",
    "returned": "drawn",
    "granted": "revoked",
    "refunded": "granted",
    "revoked": "granted",
}
"""What a movement becomes when its document is withdrawn."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What the credits of a document that is issued come to."""

    brought: Mapping[int, UUID]
    """The new blocks by position of the line that sold them."""
    earned: Mapping[UUID, int]
    """By block, what of its price becomes revenue."""
    deferred: tuple[tuple[UUID, int, int], ...]
    """Block, position of the fee in advance that it pays, and what of its price becomes revenue with that fee."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Who moves credits, and by which document."""

    tenant_id: UUID
    legal_entity_id: UUID
    currency: str
    invoice_id: UUID | None
    actor: str
    now: datetime


def bring_credits(
    session: Session, mover: Mover, terms: BlockTerms, paid_minor: int, *, rolled_from: UUID | None = None,
    reason: str = "",
) -> UUID:  # fmt: skip
    """Write a new block and that it was granted; return its id.

    Args:
        session: scoped to the payer.
        mover: whose it is; the document that it was bought by, if there is one.
        terms: what it pays, and until when.
        paid_minor: what it cost before tax: revenue only as it is used, or lapses.
        rolled_from: the block that it goes on from.
        reason: why it was granted.
    """
    grant_id = new_id()
    add(
        session,
        PrepaidGrant(
            tenant_id=mover.tenant_id,
            id=grant_id,
            name=terms.name,
            origin=terms.origin,
            legal_entity_id=mover.legal_entity_id,
            currency=mover.currency,
            amount_minor=terms.amount_minor,
            paid_minor=paid_minor,
            remaining_minor=0,
            deferred_minor=0,
            priority=terms.priority,
            starts_at=terms.starts_at,
            expires_at=terms.expires_at,
            subscription_id=terms.subscription_id,
            charges=list(terms.charges),
            meters=list(terms.meters),
            refundable=terms.refundable,
            rollover_months=terms.rollover_months,
            rollover_percent=terms.rollover_percent,
            time_zone=terms.time_zone,
            invoice_id=mover.invoice_id,
            rolled_from_id=rolled_from,
            reason=reason,
            created_at=mover.now,
            created_by=mover.actor,
        ),
    )
    move(session, mover, grant_id, "granted", (terms.amount_minor, paid_minor))
    return grant_id


def move(
    session: Session, mover: Mover, grant_id: UUID, kind: str, change: tuple[int, int], reverses: UUID | None = None
) -> UUID:
    """Write one movement (change of credits, and of what is not revenue yet) and what is left; return its id."""
    amount_minor, deferred_minor = change
    moved_id = new_id()
    row = {
        "tenant_id": mover.tenant_id,
        "id": moved_id,
        "grant_id": grant_id,
        "kind": kind,
        "amount_minor": amount_minor,
        "deferred_minor": deferred_minor,
        "invoice_id": mover.invoice_id,
        "reverses_id": reverses,
        "actor": mover.actor,
        "moved_at": mover.now,
    }
    move_credits(session, row)
    return moved_id


def issue_credits(session: Session, mover: Mover, lines: Sequence[DraftLine]) -> Issued:
    """Move what a document that is being issued gives back, draws, takes back and brings, in this order.

    Args:
        session: scoped to the payer.
        mover: with the document.
        lines: of its draft, in order.

    Raises:
        CreditsUsedUp: another document used them since the draft was reckoned (`credits_used_up`).
        CreditsInUse: more is taken back than is left of what was paid (`credits_in_use`).
        InvoiceDraftOutdated: another document gave them back since (`invoice_draft_outdated`).
    """
    recognised: dict[UUID, int] = defaultdict(int)
    for grant_id in sorted({line.grant_id for line in lines if line.grant_id is not None}):
        get_grant(session, mover.tenant_id, grant_id, lock=True)
    for drawn, amount in _given_back(session, mover, lines):
        recognised[drawn.grant_id] -= _give_back(session, mover, drawn, amount)
    deferred: list[tuple[UUID, int, int]] = []
    for grant_id, amount in _by_grant(line for line in lines if line.pays is not None).items():
        share = _draw(session, mover, grant_id, -amount)
        with_fees = _with_fees(lines, grant_id, -amount, share)
        deferred += [(grant_id, position, minor) for position, minor in with_fees]
        recognised[grant_id] += share - sum(minor for _, minor in with_fees)
    for grant_id, amount in _by_grant(line for line in lines if line.takes_back).items():
        _take_back(session, mover, grant_id, -amount)
    brought = {
        position: bring_credits(session, mover, line.block, line.amount_minor)
        for position, line in enumerate(lines, 1)
        if line.block is not None
    }
    return Issued(brought, recognised, tuple(deferred))


def _with_fees(lines: Sequence[DraftLine], grant_id: UUID, drawn: int, share: int) -> list[tuple[int, int]]:
    """Return what of a draw's share of the price goes with each fee in advance that it pays, by position.

    Reckoned as differences over all lines that it pays, so that all parts add up to the share. 10.00 of credits for
    9.00 pay a fee of 6.00 and use of 4.00: 5.40 of the price are earned with the fee, 3.60 at once.
    """
    found, before = [], 0
    for line in lines:
        if line.pays is None or line.grant_id != grant_id:
            continue
        after = before - line.amount_minor
        part = earned(share, after, drawn) - earned(share, before, drawn)
        before = after
        if lines[line.pays - 1].is_fee_in_advance and part:
            found.append((line.pays, part))
    return found


def undo_credits(session: Session, mover: Mover) -> None:
    """Move back what a document moved, as it is withdrawn; its transfers are undone elsewhere.

    Raises:
        CreditsInUse: credits that it brought were used (`credits_in_use`).
        CreditsUsedUp: credits that it gave back were used (`credits_used_up`).
    """
    assert mover.invoice_id is not None
    for moved in reversed(movements_of_invoice(session, mover.tenant_id, mover.invoice_id)):
        held = get_grant(session, mover.tenant_id, moved.grant_id, lock=True)
        if moved.kind == "granted":
            _refuse_used(held)
        if held.remaining.amount_minor < moved.amount.amount_minor:
            raise CreditsUsedUp(held.name)
        _undo(session, mover, moved)


def revoke_credits(session: Session, mover: Mover, invoice_id: UUID) -> None:
    """Take back the free blocks of a document that is billed anew, which brings them again.

    Raises:
        CreditsInUse: some of its credits, free or paid, were used (`credits_in_use`).
    """
    for grant_id in sorted(grants_of_invoice(session, mover.tenant_id, invoice_id)):
        held = get_grant(session, mover.tenant_id, grant_id, lock=True)
        _refuse_used(held)
        if not held.paid.amount_minor:
            move(session, mover, grant_id, "revoked", (-held.remaining.amount_minor, 0))


def _by_grant(lines: Iterable[DraftLine]) -> Mapping[UUID, int]:
    found: dict[UUID, int] = defaultdict(int)
    for line in lines:
        assert line.grant_id is not None, "what moves credits names their block"
        found[line.grant_id] += line.amount_minor
    return found


def _given_back(session: Session, mover: Mover, lines: Sequence[DraftLine]) -> list[tuple[MovementView, int]]:
    """Return how much of which draws comes back; below zero, last, what had come back is drawn again."""
    moving = [line for line in lines if line.returns]
    subscriptions = {line.subscription_id for line in moving if line.subscription_id}
    open_minor = {
        (still.rated_line_id, still.grant_id): still.amount_minor
        for still in (still_paid(session, mover.tenant_id, subscriptions) if moving else ())
    }
    draws: dict[UUID, MovementView] = {}
    amounts: dict[UUID, int] = defaultdict(int)
    for line in moving:
        assert line.rated_line_id is not None, "what comes back names what it had paid"
        assert line.grant_id is not None, "what comes back names its block"
        if line.amount_minor > open_minor.get((line.rated_line_id, line.grant_id), 0):
            raise InvoiceDraftOutdated
        drawn = draw_of(session, mover.tenant_id, line.rated_line_id, line.grant_id)
        draws[drawn.id] = drawn
        amounts[drawn.id] += line.amount_minor
    ordered = sorted(amounts.items(), key=lambda item: item[1], reverse=True)
    return [(draws[draw_id], amount) for draw_id, amount in ordered if amount]


def _draw(session: Session, mover: Mover, grant_id: UUID, amount: int) -> int:
    held = get_grant(session, mover.tenant_id, grant_id, lock=True)
    if held.remaining.amount_minor < amount:
        raise CreditsUsedUp(held.name)
    share = earned(held.deferred.amount_minor, amount, held.remaining.amount_minor)
    move(session, mover, grant_id, "drawn", (-amount, -share))
    return share


def _give_back(session: Session, mover: Mover, drawn: MovementView, amount: int) -> int:
    """Give back a part of what a document drew: as differences, so that all parts add up to it."""
    held = get_grant(session, mover.tenant_id, drawn.grant_id, lock=True)
    if held.remaining.amount_minor < -amount:
        raise CreditsUsedUp(held.name)
    before, deferred = returned_of(session, mover.tenant_id, [drawn.id]).get(drawn.id, (0, 0))
    whole = -drawn.amount.amount_minor
    share = earned(-drawn.deferred.amount_minor, before + amount, whole) - deferred
    move(session, mover, held.id, "returned" if amount > 0 else "drawn", (amount, share), drawn.id)
    return share


def _take_back(session: Session, mover: Mover, grant_id: UUID, paid: int) -> None:
    """Take back the credits for which a part of the price is returned: all of them with the last of it."""
    held = get_grant(session, mover.tenant_id, grant_id, lock=True)
    remaining, deferred = held.remaining.amount_minor, held.deferred.amount_minor
    if paid > deferred:
        raise CreditsInUse(held.name)
    amount = remaining if paid == deferred else remaining * paid // deferred
    move(session, mover, grant_id, "refunded", (-amount, -paid))


def _refuse_used(held: GrantView) -> None:
    if held.remaining != held.amount:
        raise CreditsInUse(held.name)


def _undo(session: Session, mover: Mover, moved: MovementView) -> None:
    change = (-moved.amount.amount_minor, -moved.deferred.amount_minor)
    move(session, mover, moved.grant_id, UNDONE[moved.kind], change, moved.reverses_id or moved.id)
