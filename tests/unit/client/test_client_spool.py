"""Lines on disk, first in, first out, whatever happens to the process."""

from pathlib import Path
from random import Random

import pytest
from tollbook_client.outbox import Outbox, OutboxFull, Sizes
from tollbook_client.spool import Spool, SpoolInUse


def drained(spool: Spool) -> list[bytes]:
    found = []
    while lines := spool.peek(3, 1_000):
        found += lines
        spool.forget(len(lines))
    return found


def lines(first: int, last: int) -> list[bytes]:
    return [b"line %d" % number for number in range(first, last)]


def test_what_is_not_settled_is_there_after_a_restart_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(lines(0, 5))
    spool.forget(2)
    spool.close()

    again = Spool(tmp_path)
    again.append(lines(5, 7), sync=True)

    assert (len(again), drained(again), len(again)) == (5, lines(2, 7), 0)


def test_segments_are_deleted_when_they_are_settled(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=40)  # a line has 9 + 6 + 1 bytes: three a segment
    for number in range(8):
        spool.append(lines(number, number + 1))
    assert len(list(tmp_path.glob("*.jsonl"))) == 3

    spool.forget(7)
    assert len(list(tmp_path.glob("*.jsonl"))) == 1
    assert drained(spool) == lines(7, 8)
    spool.close()
    assert list(tmp_path.glob("*.jsonl")) == []


def test_a_line_that_a_crash_cut_off_is_skipped_and_its_neighbours_are_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(lines(0, 3))
    spool.close()
    (segment,) = tmp_path.glob("*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-4])

    again = Spool(tmp_path)
    again.append(lines(3, 4))

    assert drained(again) == [*lines(0, 2), *lines(3, 4)]


@pytest.mark.parametrize("cursor", [None, b"", b"7 x", b"1 99999", b"99 0"])
def test_with_a_lost_cursor_lines_come_again_but_none_is_lost(tmp_path: Path, cursor: bytes | None) -> None:
    spool = Spool(tmp_path)
    spool.append(lines(0, 3))
    spool.forget(1)
    spool.close()
    (tmp_path / "cursor").unlink()
    if cursor is not None:
        (tmp_path / "cursor").write_bytes(cursor)

    assert set(drained(Spool(tmp_path))) >= set(lines(1, 3))


def test_a_directory_belongs_to_one_client(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(SpoolInUse):
        Spool(tmp_path)
    spool.close()
    Spool(tmp_path).close()


def test_order_and_number_survive_any_mixture_of_calls_and_restarts(tmp_path: Path) -> None:
    dice, spool, sent, taken = Random(7), Spool(tmp_path, 200), 0, 0
    for _ in range(400):
        step = dice.random()
        if step < 0.5:
            more = dice.randrange(1, 6)
            spool.append(lines(sent, sent + more))
            sent += more
        elif step < 0.9:
            found = spool.peek(dice.randrange(1, 8), 60)
            assert found == lines(taken, taken + len(found))
            settled = dice.randrange(len(found) + 1)
            spool.forget(settled)
            taken += settled
        else:
            spool.close()
            spool = Spool(tmp_path, 200)
        assert len(spool) == sent - taken
    assert drained(spool) == lines(taken, sent)


def test_full_memory_blocks_and_then_says_so_and_takes_nothing() -> None:
    outbox = Outbox(Sizes(memory_events=3, block_s=0.01), None, durable=False)
    outbox.put(lines(0, 3))
    with pytest.raises(OutboxFull):
        outbox.put(lines(3, 5))

    assert outbox.take() == lines(0, 3)
    outbox.settle(2)
    outbox.put(lines(3, 5))
    assert outbox.take() == lines(2, 5)


def test_with_a_spool_all_is_on_disk_at_once_and_memory_is_no_limit(tmp_path: Path) -> None:
    outbox = Outbox(Sizes(max_events=2, linger_s=0, memory_events=1, block_s=0), Spool(tmp_path), durable=False)
    outbox.put(lines(0, 3))

    assert (outbox.take(), outbox.on_disk) == (lines(0, 2), 3)
    outbox.settle(2)
    outbox.put(lines(3, 4))
    assert (outbox.take(), outbox.on_disk, len(outbox)) == (lines(2, 4), 2, 2)


def test_a_batch_keeps_to_its_bytes_but_has_at_least_one_line() -> None:
    outbox = Outbox(Sizes(max_bytes=10, linger_s=0), None, durable=False)
    outbox.put([b"123456789012", b"12345", b"12345", b"1"])

    assert outbox.take() == [b"123456789012"]
    outbox.settle(1)
    assert outbox.take() == [b"12345", b"12345"]
