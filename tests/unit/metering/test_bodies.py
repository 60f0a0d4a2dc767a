"""Stored bodies stay readable: with the dictionary of today, with none, and with one of other days."""

import hashlib
import json
import threading
from pathlib import Path

import pytest
import zstandard

from metering import bodies
from metering.bodies import CURRENT, DICTIONARIES, packed_body, unpacked_body

BODY = json.dumps({
    "id": "0199c7a4-0000-7000-8000-000000000001", "source": "https://suite.example/", "type": "course.launched",
    "time": "2026-01-10T10:00:00Z", "data": {"course_id": "c-1", "course_type": "wbt", "mode": "normal"},
}).encode()  # fmt: skip


@pytest.mark.parametrize("text", [b"", b"{}", BODY, BODY * 500, bytes(range(256))])
def test_what_is_packed_is_unpacked(text: bytes) -> None:
    assert unpacked_body(packed_body(text)) == text


def test_a_body_names_its_dictionary_and_is_smaller_for_it() -> None:
    packed = packed_body(BODY)

    assert zstandard.get_frame_parameters(packed).dict_id == CURRENT
    assert len(packed) < len(zstandard.compress(BODY)) - 20


def test_bodies_without_a_dictionary_are_read() -> None:
    assert unpacked_body(zstandard.ZstdCompressor(level=1, write_checksum=False).compress(BODY)) == BODY


def test_bodies_of_another_dictionary_are_read_while_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = zstandard.train_dictionary(512, [BODY + str(n).encode() for n in range(500)], dict_id=40_000)
    (tmp_path / "40000.zdict").write_bytes(other.as_bytes())
    packed = zstandard.ZstdCompressor(dict_data=other).compress(BODY)
    unpacked_body(packed_body(BODY))  # today's is read before
    monkeypatch.setattr(bodies, "DICTIONARIES", tmp_path)

    assert unpacked_body(packed) == BODY


def test_a_dictionary_never_changes() -> None:
    # Bodies in customers' databases were written with it. A better one gets a new id.
    digest = hashlib.sha256((DICTIONARIES / f"{CURRENT}.zdict").read_bytes()).hexdigest()
    assert digest == "d08905b684e6ef70b7fa258c931d239ebf5c59cc154dfabc8ad1e521acaaf7b2"


def test_threads_pack_at_the_same_time() -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        for n in range(300):
            text = BODY + str((number, n)).encode()
            if unpacked_body(packed_body(text)) != text:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
