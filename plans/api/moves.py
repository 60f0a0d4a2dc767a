"""The API of moves: many customers from one version to another."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from plans.actions.move_customers import MoveInput, cancel_move, start_move
from plans.reads.moves import get_move, move_items
from plans.schemas.catalogue import MoveAnswer, MoveBody
from tenants.principal import Principal, require
from tenants.roles import Permission

__all__ = ("MoveController",)

Limit = Annotated[int, Parameter(ge=1, le=500)]


class MoveController(Controller):
    """Moves run in the background, contract by contract; `preview` moves nobody and shows the amounts."""

    path = "/v1"
    tags = ("plans",)

    @post("/plans/{key:str}/moves", sync_to_thread=True, status_code=202)
    def start(self, principal: Principal, steward: Session, key: str, data: MoveBody) -> MoveAnswer:
        """Move the customers of one version to another, or preview that."""
        require(principal, Permission.CATALOGUE_WRITE)
        given = MoveInput(key, data.from_number, data.to_number, principal.actor, data.when, data.preview, data.to_plan)
        return MoveAnswer.of(start_move(steward, given, utc_now()))

    @get("/plan-moves/{move_id:uuid}", sync_to_thread=True)
    def one(
        self, principal: Principal, steward: Session, move_id: UUID, cursor: UUID | None = None, limit: Limit = 50
    ) -> MoveAnswer:
        """Tell how far a move is, and what became of each contract."""
        require(principal, Permission.CATALOGUE_WRITE)
        found = move_items(steward, move_id, cursor, limit + 1)
        page = found[:limit]
        after = str(page[-1].subscription_id) if len(found) > limit else None
        return MoveAnswer.of(get_move(steward, move_id), page, after)

    @post("/plan-moves/{move_id:uuid}/cancel", sync_to_thread=True, status_code=200)
    def cancel(self, principal: Principal, steward: Session, move_id: UUID) -> MoveAnswer:
        """Stop a move; who was moved stays moved."""
        require(principal, Permission.CATALOGUE_WRITE)
        return MoveAnswer.of(cancel_move(steward, move_id, utc_now()))
