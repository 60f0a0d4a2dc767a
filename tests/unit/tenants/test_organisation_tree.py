"""Trees of cost centres and assignments through time: what is wrong is named, and much costs no more than its length."""

from datetime import date, timedelta
from random import Random

from tenants.organisation import FAULTS_MAX, Node, PersonRow, overlap_faults, there_on, tree_faults

DAY = date(2026, 1, 1)


def test_a_deep_tree_is_walked_once() -> None:
    # Followed from each node to the top and compared with all before, this would take hours.
    depth = 10_000
    nodes = [Node(str(one), str(one - 1) if one else None, DAY, None, one + 2) for one in range(depth)]

    assert tree_faults(nodes) == []
    assert tree_faults(nodes[::-1]) == []


def test_each_row_whose_parents_lead_into_a_circle_is_named() -> None:
    nodes = [Node("a", "b", DAY, None, 2), Node("b", "a", DAY, None, 3), Node("c", "a", DAY, None, 4)]

    assert [(one.pointer, one.code) for one in tree_faults(nodes)] == [
        ("/2", "cost_centre_cycle"), ("/3", "cost_centre_cycle"), ("/4", "cost_centre_cycle"),
    ]  # fmt: skip


def test_a_long_circle_is_walked_once_and_its_rows_are_named() -> None:
    asked = 0

    class Code(str):
        __slots__ = ()

        def __hash__(self) -> int:
            nonlocal asked
            asked += 1
            return super().__hash__()

    codes = [Code(one) for one in range(10_000)]
    circle = [Node(code, codes[one - 1], DAY, None, one + 2) for one, code in enumerate(codes)]

    faults = tree_faults(circle)

    assert [(one.pointer, one.code) for one in faults] == [
        (f"/{row}", "cost_centre_cycle") for row in range(2, FAULTS_MAX + 2)
    ]
    # Some look-ups for each code. All the way round from each of the thousand rows they would be ten million.
    assert asked < 200_000


def test_what_hangs_below_a_circle_is_named_whichever_row_comes_first() -> None:
    below = [Node("d", "c", DAY, None, 2), Node("c", "a", DAY, None, 3)]
    circle = [Node("a", "b", DAY, None, 4), Node("b", "a", DAY, None, 5)]
    beside = [Node("top", None, DAY, None, 6), Node("low", "top", DAY, None, 7)]

    for nodes in (below + circle + beside, beside + circle + below, circle[::-1] + below[::-1] + beside):
        assert {one.pointer for one in tree_faults(nodes)} == {"/2", "/3", "/4", "/5"}


def test_each_row_whose_parent_is_not_there_is_named_whichever_comes_first() -> None:
    nodes = [Node("low", "mid", DAY, None, 2), Node("mid", "gone", DAY, None, 3)]

    for given in (nodes, nodes[::-1]):
        assert [(one.pointer, one.code) for one in tree_faults(given)] == [("/3", "cost_centre_unknown")]


def test_a_circle_that_a_row_closes_among_known_nodes_is_that_rows_fault() -> None:
    march = date(2026, 3, 1)
    known = [Node("top", None, DAY, None), Node("mid", "top", DAY, None), Node("low", "mid", march, None)]

    (fault,) = tree_faults([*known, Node("top", "mid", date(2026, 2, 1), None, 2)])[:1]

    assert (fault.pointer, fault.code) == ("/2", "cost_centre_cycle")


def test_each_assignment_that_begins_while_another_runs_is_named_once() -> None:
    # Each compared with each, ten thousand rows of one person would be fifty million faults.
    def row(number: int, first: int, end: int | None = None) -> PersonRow:
        until = None if end is None else date(2026, end, 1)
        return PersonRow(number, "ann", "", "", "member", "employee", DAY, "it", date(2026, first, 1), until)

    assert len(overlap_faults([[row(one, 1) for one in range(10_000)]])) == 9_999
    assert overlap_faults([[row(2, 1, 3), row(3, 3, 4), row(4, 4), row(5, 5)]]) == []
    # Row 2 runs until June and holds 4 in it; row 3 begins after 4 ended, and still within 2.
    held = overlap_faults([[row(2, 1, 6), row(3, 4, 5), row(4, 2, 3)]])
    assert [one.pointer for one in held] == ["/4", "/3"]
    assert [one.pointer for one in overlap_faults([[row(2, 3), row(3, 1, 4)]])] == ["/3"]


def test_whether_a_centre_is_there_on_a_day_is_what_its_spans_say_however_they_overlap() -> None:
    dice = Random(8)
    days = [DAY + timedelta(days=number) for number in range(30)]
    for _ in range(200):
        spans = [
            (dice.choice("ab"), first, dice.choice([None, first + timedelta(days=dice.randrange(1, 9))]))
            for first in (dice.choice(days) for _ in range(dice.randrange(6)))
        ]
        there = there_on(spans)
        for code in "abc":
            for day in days:
                wanted = any(one == code and low <= day and (end is None or day < end) for one, low, end in spans)
                assert there(code, day) == wanted
