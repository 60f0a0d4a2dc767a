"""A request's body is read once, however many of its transactions want it at the same moment."""

import anyio
from litestar.testing import RequestFactory
from litestar.types import Message

from app.transactions import _whole_body


def test_two_transactions_of_one_request_get_the_same_body() -> None:
    told: list[bytes] = []
    messages = [b"whole", b" body"]

    async def receive() -> Message:
        await anyio.sleep(0.01)
        if not messages:
            await anyio.sleep_forever()  # as a server does while the client waits for its answer
        return {"type": "http.request", "body": messages.pop(0), "more_body": bool(messages)}

    async def both() -> None:
        request = RequestFactory().get("/")
        request.receive = receive

        async def read() -> None:
            told.append(await _whole_body(request))

        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(read)
                group.start_soon(read)

    anyio.run(both)

    assert told == [b"whole body", b"whole body"]
