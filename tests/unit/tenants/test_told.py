"""Every act that others are told is one that the audit trail knows."""

from pathlib import Path

from tenants.told import EVENT_TYPES, TOLD, told_of

ROOT = Path(__file__).parents[3]


def test_every_act_that_is_told_is_recorded_somewhere() -> None:
    sources = "".join(
        path.read_text()
        for package in ("tenants", "plans", "billing")
        for path in (ROOT / package).rglob("actions/*.py")
    )

    assert [action for action in TOLD if f'"{action}"' not in sources] == []


def test_the_events_are_documented() -> None:
    text = (ROOT / "docs" / "connect.md").read_text()

    assert [event for event in EVENT_TYPES if f"`{event}`" not in text] == []


def test_what_somebody_wrote_freely_is_told_to_nobody() -> None:
    told = told_of("merge_people", ("person", "7"), {"into": "8", "identities": 2, "reason": "Ann Smith married"})

    assert told == {
        "action": "merge_people", "object": {"type": "person", "id": "7"}, "detail": {"into": "8", "identities": 2}
    }  # fmt: skip
