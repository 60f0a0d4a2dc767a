"""Stories in processes of their own, so that two cores are of use."""

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from app.demo.steps import Lived

__all__ = ("LoadFailed", "Story", "one_by_one", "side_by_side")

Story = Callable[[], Iterator[Lived]]
"""What happens when it is called, told step by step; it opens its own connections."""


class LoadFailed(RuntimeError):
    """A story came to a bad end; the message is its own."""


def one_by_one(stories: Sequence[Story]) -> Iterator[Lived]:
    """Let the stories happen here, one after the other."""
    for story in stories:
        yield from story()


def side_by_side(stories: Sequence[Story]) -> Iterator[Lived]:
    """Let the stories happen, one a process; tell what was lived through, as it comes.

    Raises:
        LoadFailed: one of them failed; the others are ended.
    """
    # Forked ones have all modules at once (imports take seconds). The caller has closed its connections
    # and runs no thread, so that nothing of either goes over.
    context = multiprocessing.get_context("fork")
    links: list[Any] = []
    processes = []
    for story in stories:
        ours, theirs = context.Pipe()
        links.append(ours)
        process = context.Process(target=_happen, args=(theirs, story, links), daemon=True)
        process.start()
        theirs.close()
        processes.append(process)
    try:
        while links:
            for link in wait(links):
                told = _told(link)
                if told is None:
                    links.remove(link)
                else:
                    yield told
    finally:
        for process in processes:
            process.terminate()
            process.join(timeout=10)


def _told(link: Any) -> Lived | None:
    """Return what a process tells, or None where it is done."""
    try:
        told = link.recv()
    except EOFError as error:
        raise LoadFailed("A process of the load was ended. Start again: it goes on where it stopped.") from error
    if isinstance(told, str):
        raise LoadFailed(told)
    return told if isinstance(told, Lived) else None


def _happen(link: Connection, story: Story, of_the_parent: Sequence[Connection]) -> None:
    """Let a story happen; end at once when the parent has ended, however it did."""
    for inherited in of_the_parent:
        inherited.close()  # else the end of the parent would not be heard
    threading.Thread(target=_end_with_parent, args=(link,), daemon=True).start()
    # A load lives for half a minute and leaves little in circles: nothing is worth looking for.
    gc.disable()
    try:
        for lived in story():
            link.send(lived)
        link.send(None)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        link.send(f"{type(error).__name__}: {error}")


def _end_with_parent(link: Connection) -> None:
    try:
        link.recv()
    except (EOFError, OSError):
        os._exit(1)
