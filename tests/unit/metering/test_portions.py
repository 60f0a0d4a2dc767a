"""What makes much work is told by counting, refused where it is too much, and divided where it is not."""

import json
import time

import pytest
from msgspec import Raw

from metering.errors import EventsTooComplex
from metering.portions import MAX_VALUES, Portions, heavy_events, in_portions, refuse_too_complex, values_in


def event(name: str, data: object) -> Raw:
    return Raw(json.dumps({"id": name, "data": data}).encode())


def divided(*events: Raw) -> Portions:
    return in_portions(events, heavy_events(events))


def test_values_are_names_elements_lists_and_objects() -> None:
    # {, :, [, the comma; the first element comes with its list.
    assert values_in(b'{"a": [1, 2]}') == 4


def test_a_body_of_nothing_but_brackets_is_refused_by_counting() -> None:
    started = time.process_time()

    with pytest.raises(EventsTooComplex):
        refuse_too_complex(b"[" * 10_000_000, slow=False)

    assert time.process_time() - started < 1  # reading its brackets one by one took five


def test_a_full_batch_of_ordinary_events_is_within_the_limit() -> None:
    one = {
        "id": "1",
        "time": "2026-11-24T09:30:00Z",
        "data": {f"field_{n}": f"https://a.example/{n}" for n in range(26)},
    }
    body = json.dumps([one] * 10_000).encode()
    assert 9_000_000 < len(body) < 10_000_000

    refuse_too_complex(body, slow=True)


def test_strings_count_where_the_body_is_read_mark_by_mark() -> None:
    strings = b'""' * (2 * MAX_VALUES) + b",,"

    refuse_too_complex(strings, slow=False)
    with pytest.raises(EventsTooComplex):
        refuse_too_complex(strings, slow=True)


def test_light_events_are_not_looked_at() -> None:
    assert heavy_events([event("1", {"text": "x" * 100_000}), event("2", list(range(300)))]) == {}


def test_heavy_events_come_in_portions_and_keep_their_places() -> None:
    heavy = list(range(60_000))

    found = divided(event("0", 1), event("1", heavy), event("2", 2), event("3", heavy), event("4", 4))

    # 60,000 and 60,000 are more than the 100,000 of one portion.
    assert [portion.places for portion in found.taken] == [[0, 1, 2], [3, 4]]
    assert found.refused == []


def test_an_event_that_is_too_heavy_is_refused_and_the_others_are_taken() -> None:
    found = divided(event("0", 1), event("1", list(range(100_000))), event("2", 2))

    assert [(place, name, code) for place, name, code, _ in found.refused] == [(1, "1", "event_too_complex")]
    assert [portion.places for portion in found.taken] == [[0, 2]]


def test_a_name_twice_among_many_is_found_in_one_pass() -> None:
    names = ",".join(f'"{n}":1' for n in range(40_000))
    twice = Raw(f'{{"id":"e","data":{{{names},"z":1,"z":2}}}}'.encode())
    started = time.process_time()

    found = divided(twice)

    # Comparing each name with each of the others took half a minute.
    assert time.process_time() - started < 2
    ((place, name, code, detail),) = found.refused
    assert (place, name, code) == (0, "e", "event_invalid")
    assert detail == "The name 'z' stands twice in one object. Send it once."


@pytest.mark.parametrize("data", ["[" * 2_000 + "]" * 2_000, "[" + "NaN," * 500 + "]"])
def test_other_faults_of_heavy_events_are_left_to_the_lane(data: str) -> None:
    found = divided(Raw(f'{{"id":"e","data":{data}}}'.encode()))

    assert ([portion.places for portion in found.taken], found.refused) == ([[0]], [])
