"""What goes to the database in one message: calls of functions, and statements that are constants.

A call is JSON in and JSON out, or takes values that are packed already (`tell`).

psycopg's cursors convert each value by itself, which for a small flight costs the process more than
all else. Here msgspec writes and reads a whole flight at once, and libpq quotes it.
"""

from collections.abc import Sequence
from select import POLLIN, poll
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import AsyncConnection, errors
from psycopg.abc import PQGen
from psycopg.generators import copy_to, execute
from psycopg.pq import ConnStatus, Escaping, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

__all__ = ("ask", "assert_sound", "copy", "order", "run", "tell")

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_PIECE = 65_536
"""What is copied is handed to libpq in pieces, which it may not be able to hold as a whole."""
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


async def ask(
    connection: AsyncConnection[Any], function: str, given: object, answer: msgspec.json.Decoder[T], *, begin: bool
) -> T:
    """Call a function and return its answer.

    Args:
        connection: in no transaction.
        function: its name, a constant.
        given: its argument, as JSON can say it.
        answer: what it returns.
        begin: a transaction, and leave it open; else the call is one by itself.
    """
    ((text,),) = await run(connection, _call("begin;" if begin else "", function, given, connection))
    assert text is not None, "these functions always tell something"
    return answer.decode(text)


async def order(connection: AsyncConnection[Any], function: str, given: object) -> None:
    """Call a function that returns nothing, and commit the transaction that is open."""
    await run(connection, _call("", function, given, connection) + b";commit")


def _call(before: str, function: str, given: object, connection: AsyncConnection[Any]) -> bytes:
    literal = Escaping(connection.pgconn).escape_literal(_encode(given))
    return b"%bselect %b(%b)" % (before.encode(), function.encode(), literal)


async def run(connection: AsyncConnection[Any], statements: bytes) -> list[tuple[bytes | None, ...]]:
    """Send statements in one message; return what the last one that tells anything told, as text.

    Args:
        connection: which may be in a transaction.
        statements: nothing in them comes from outside, or is quoted.

    Raises:
        Error: of psycopg, as its cursors raise it.
    """
    if connection.closed:
        raise psycopg.OperationalError("the connection is closed")
    connection.pgconn.send_query(statements)
    told = await _told(connection)
    if told is None:
        return []
    columns = range(told.nfields)
    return [tuple(told.get_value(row, column) for column in columns) for row in range(told.ntuples)]


async def tell(
    connection: AsyncConnection[Any], statement: bytes, types: Sequence[int], values: Sequence[bytes | None]
) -> bytes | None:
    """Send one statement with its values in PostgreSQL's binary form; return the one value that it tells, so too.

    It is not prepared under a name: psycopg forgets the names of a connection after a rollback.

    Args:
        connection: which may be in a transaction; in none, the statement is one by itself.
        statement: a constant, which takes $1, $2, …
        types: the types of the values, by number.
        values: null is None.

    Raises:
        Error: of psycopg, as its cursors raise it.
    """
    connection.pgconn.send_query_params(statement, values, types, [Format.BINARY] * len(values), Format.BINARY)
    told = await _told(connection)
    return None if told is None else told.get_value(0, 0)


async def copy(connection: AsyncConnection[Any], statements: bytes, contents: Sequence[bytes]) -> None:
    """Copy contents into tables, one after the other, asked for in one message.

    psycopg's own way has a cursor, a queue and a task for each of them.

    Args:
        connection: in a transaction.
        statements: constants, one COPY FROM STDIN for each content.
        contents: what they read.

    Raises:
        Error: of psycopg, as its cursors raise it.
    """
    connection.pgconn.send_query(statements)
    await connection.wait(_copying(connection.pgconn, contents))


def _copying(pgconn: PGconn, contents: Sequence[bytes]) -> PQGen[None]:
    for content in contents:
        _assert_good((yield from execute(pgconn)))
        for start in range(0, len(content), _PIECE):
            yield from copy_to(pgconn, content[start : start + _PIECE], flush=True)
        pgconn.put_copy_end()
    _assert_good((yield from execute(pgconn)))


def _assert_good(results: Sequence[PGresult]) -> None:
    for result in results:
        if result.status not in _GOOD and result.status != ExecStatus.COPY_IN:
            raise errors.error_from_result(result)


def assert_sound(connection: AsyncConnection[Any]) -> None:
    """Look whether an idle connection is still there; it takes a microsecond or two.

    So that one which broke in the meantime is found before something is sent that may then be in doubt.

    Raises:
        OperationalError: it is not.
    """
    pgconn = connection.pgconn
    if pgconn.status == ConnStatus.OK:
        there = poll()
        there.register(pgconn.socket, POLLIN)
        while pgconn.status == ConnStatus.OK and there.poll(0):
            pgconn.consume_input()
    if pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError("the connection is closed")


async def _told(connection: AsyncConnection[Any]) -> PGresult | None:
    """Wait for the answers to what was sent and return the last one that tells anything."""
    told = None
    for result in await connection.wait(execute(connection.pgconn)):
        if result.status not in _GOOD:
            raise errors.error_from_result(result)
        if result.status == ExecStatus.TUPLES_OK:
            told = result
    return told
