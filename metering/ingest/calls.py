"""What goes to the database in one message: calls of functions, and statements that are constants.

A call is JSON in and JSON out.

psycopg's cursors convert each value by itself, which for a small flight costs the process more than
all else. Here msgspec writes and reads a whole flight at once, and libpq quotes it.
"""

from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import AsyncConnection, errors
from psycopg.generators import execute
from psycopg.pq import Escaping, ExecStatus

__all__ = ("ask", "order", "run")

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
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
    told = None
    for result in await connection.wait(execute(connection.pgconn)):
        if result.status not in _GOOD:
            raise errors.error_from_result(result)
        if result.status == ExecStatus.TUPLES_OK:
            told = result
    if told is None:
        return []
    columns = range(told.nfields)
    return [tuple(told.get_value(row, column) for column in columns) for row in range(told.ntuples)]
