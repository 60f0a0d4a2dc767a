"""Seats: assigned, released, moved, one by one or many at once, and the wait-list."""

import csv
import io
from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from plans.licensing.seats.actions.assign_seats import SeatRow, assign_seats
from plans.licensing.seats.actions.leave_wait_list import leave_wait_list
from plans.licensing.seats.actions.move_seat import move_seat
from plans.licensing.seats.actions.release_seats import release_seats
from plans.licensing.seats.errors import refusal
from plans.licensing.seats.reads import find_pool, pool_now
from plans.licensing.seats.schemas import (
    BULK_MAX,
    BulkAnswer,
    BulkBody,
    MoveAnswer,
    MoveBody,
    RowAnswer,
    SeatAnswer,
    SeatBody,
    SeatPage,
    SeatState,
    position_of,
)
from plans.licensing.seats.seating import Granted, No
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.reads.finding import find_people, unknown_person
from tenants.roles import Permission

__all__ = ("SeatController",)

Limit = Annotated[int, Parameter(ge=1, le=500)]
Cursor = Annotated[str, Parameter(pattern=r"^([0-2]\.[0-9]{1,18}\.[0-9a-f-]{36})?$")]


class SeatController(Controller):
    """The seats of a pool. A person is named by id, by a sender's key, by external id or by e-mail address."""

    path = "/v1/seat-pools/{key:str}"
    tags = ("seats",)

    @get("/seats", sync_to_thread=True)
    def all(
        self, principal: Principal, session: Session, tenant: TenantView, key: str,
        seat_state: Annotated[SeatState | None, Parameter(query="state")] = None, cursor: Cursor = "",
        limit: Limit = 50,
    ) -> SeatPage:  # fmt: skip
        """List who holds a seat, whose freed seat cools down, and who waits; or one of these."""
        require(principal, Permission.SEATS_READ)
        now = pool_now(session, tenant, find_pool(session, tenant.id, key), tenant_now(session, tenant), ())
        seating = now.seating
        answers = [SeatAnswer.of(now, one) for one in {*seating.held, *seating.cooling, *seating.waiting}]
        found = [answer for answer in answers if seat_state in (None, answer.state)]
        if cursor:
            found = [answer for answer in found if answer.position > position_of(cursor)]
        page = sorted(found, key=lambda answer: answer.position)[:limit]
        return SeatPage(page, page[-1].cursor if len(found) > limit else None)

    @get("/seats/{person:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, key: str, person: str) -> SeatAnswer:
        """Say where somebody stands: `held`, `cooling_down`, `waiting` (with the place), or `none`."""
        require(principal, Permission.SEATS_READ)
        now = pool_now(session, tenant, find_pool(session, tenant.id, key), tenant_now(session, tenant), ())
        known = find_people(session, tenant.id, [person]).get(person)
        if known is None:
            raise unknown_person(session, tenant.id, person)
        return SeatAnswer.of(now, known.id)

    @post("/seats", sync_to_thread=True)
    def assign(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: SeatBody
    ) -> Response[RowAnswer]:
        """Assign a seat (201); with `wait`, where none is free, a place on the wait-list (202)."""
        require(principal, Permission.SEATS_WRITE)
        now = tenant_now(session, tenant)
        [row] = assign_seats(session, tenant, key, [data.person], principal.actor, now, wait=data.wait)
        answer = _settled(session, row, tenant)
        return Response(answer, status_code=201 if isinstance(row.outcome, Granted) else 202)

    @post("/seats/bulk", sync_to_thread=True, status_code=200)
    def many(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: BulkBody
    ) -> BulkAnswer:  # fmt: skip
        """Release and assign many seats at once, with a result for each name; what is refused stops no other."""
        require(principal, Permission.SEATS_WRITE)
        return _bulk(principal, session, tenant, key, data)

    @post("/seats/csv", sync_to_thread=True, status_code=200)
    def file(self, principal: Principal, session: Session, tenant: TenantView, key: str, body: bytes) -> BulkAnswer:
        """The same from CSV, comma or semicolon: the columns `person` and `action` (`assign`, `release`, `wait`)."""
        require(principal, Permission.SEATS_WRITE)
        return _bulk(principal, session, tenant, key, _rows(body))

    @delete("/seats/{person:str}", sync_to_thread=True, status_code=200)
    def release(self, principal: Principal, session: Session, tenant: TenantView, key: str, person: str) -> RowAnswer:
        """Release a seat. One that was used stays taken (and billed) until `until`; one that never was is free."""
        require(principal, Permission.SEATS_WRITE)
        now = tenant_now(session, tenant)
        [row] = release_seats(session, tenant, key, [person], principal.actor, now)
        return _settled(session, row, tenant)

    @post("/seats/{person:str}/move", sync_to_thread=True, status_code=200)
    def move(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, person: str, data: MoveBody
    ) -> MoveAnswer:
        """Reassign a seat: release this one and assign one to another, both or neither."""
        require(principal, Permission.SEATS_WRITE)
        now = tenant_now(session, tenant)
        moved = move_seat(session, tenant, key, (person, data.to), principal.actor, now)
        return MoveAnswer(moved.was.id, moved.now.id, moved.freed.free_at)

    @delete("/waiting/{person:str}", sync_to_thread=True)
    def leave(self, principal: Principal, session: Session, tenant: TenantView, key: str, person: str) -> None:
        """Take somebody off the wait-list; who is not on it stays as they are."""
        require(principal, Permission.SEATS_WRITE)
        leave_wait_list(session, tenant, key, [person], principal.actor, tenant_now(session, tenant))


def _settled(session: Session, row: SeatRow, tenant: TenantView) -> RowAnswer:
    """Return the answer for one name, or raise why not."""
    if row.person is None:
        raise unknown_person(session, tenant.id, row.name)
    if isinstance(row.outcome, No):
        raise refusal(row.outcome, {row.person.id: row.name}, tenant.tz)
    return RowAnswer.of(row)


def _bulk(principal: Principal, session: Session, tenant: TenantView, key: str, data: BulkBody) -> BulkAnswer:
    now, actor = tenant_now(session, tenant), principal.actor
    released = release_seats(session, tenant, key, data.release, actor, now) if data.release else []
    assigned = assign_seats(session, tenant, key, data.assign, actor, now, wait=data.wait) if data.assign else []
    return BulkAnswer.of(released, assigned)


def _rows(body: bytes) -> BulkBody:
    """Return what a CSV file asks for.

    Raises:
        InvalidInput: it is not such a file; each bad row is named (`invalid_input`).
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(InputError("", "encoding_unknown", "Send the file in UTF-8.")) from None
    head = text.partition("\n")[0]
    # Spreadsheets write semicolons where a comma is the decimal sign.
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    names: dict[str, list[str]] = {"assign": [], "release": [], "wait": []}
    faults = []
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        if not {"person", "action"} <= set(reader.fieldnames):
            raise InvalidInput(InputError("/1", "head_invalid", "Begin the file with a head of person,action."))
        for row in reader:
            action, person = (row.get("action") or "").strip().lower(), (row.get("person") or "").strip()
            if action not in names or not person:
                detail = f"Row {reader.line_num}: give a person, and an action of assign, release and wait."
                faults.append(InputError(f"/{reader.line_num}", "row_invalid", detail))
            else:
                names[action].append(person)
    except csv.Error:
        # A quotation mark that is never closed makes one value of all that follows.
        text = f"Row {reader.line_num} cannot be read. Close each quotation mark."
        raise InvalidInput(InputError(f"/{reader.line_num}", "row_invalid", text)) from None
    if names["wait"] and names["assign"]:
        faults.append(InputError("", "actions_mixed", "Use either assign or wait in one file."))
    if not faults and not 1 <= sum(map(len, names.values())) <= BULK_MAX:
        detail = f"Send 1 to {BULK_MAX:,} rows under a head of person,action."
        faults.append(InputError("", "rows_invalid", detail))
    if faults:
        raise InvalidInput(*faults[:100])
    return BulkBody(names["release"], names["assign"] or names["wait"], bool(names["wait"]))
