"""What requests may hold at one moment, as a whole and by tenant."""

from uuid import UUID

import pytest

from metering.errors import IngestBusy
from metering.ingest.admission import Admission, Budget, Measure

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def test_a_tenant_holds_three_quarters_at_most_and_leaves_room_for_others() -> None:
    admission = Admission(Budget(requests=8, bytes=100, events=8))
    with admission.visit(A) as first, admission.visit(B) as second:
        first.hold(Measure.BYTES, 75)
        with pytest.raises(IngestBusy) as refused:
            first.hold(Measure.BYTES, 1)
        assert refused.value.headers == {
            "RateLimit-Policy": '"ingest-bytes";q=100',
            "RateLimit": '"ingest-bytes";r=0;t=1',
        }
        second.hold(Measure.BYTES, 20)
        with pytest.raises(IngestBusy, match=r"ingest-bytes: 5 of 100 left"):
            second.hold(Measure.BYTES, 6)
        second.hold(Measure.BYTES, 5)


def test_what_a_request_held_is_given_back_however_it_ends() -> None:
    admission = Admission(Budget(requests=4, bytes=10, events=10))
    for end in (None, ValueError, IngestBusy):
        try:
            with admission.visit(A) as visit:
                visit.hold(Measure.EVENTS, 7)
                if end is ValueError:
                    int("x")
                if end is IngestBusy:
                    visit.hold(Measure.EVENTS, 1)
        except (ValueError, IngestBusy):
            pass
        assert [admission.held(measure) for measure in Measure] == [0, 0, 0]


def test_requests_are_counted_before_their_bodies() -> None:
    admission = Admission(Budget(requests=4))
    with admission.visit(A), admission.visit(A), admission.visit(A):
        with pytest.raises(IngestBusy, match="ingest-requests"), admission.visit(A):
            pass
        with admission.visit(B), pytest.raises(IngestBusy, match="ingest-requests"), admission.visit(C):
            pass
    assert admission.held(Measure.REQUESTS) == 0
