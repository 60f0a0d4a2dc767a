"""The built-in mapping: every row makes a valid event, and the document tells of it."""

from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import msgspec
import pytest

from metering.ingest.validation import Rules, draft_event
from metering.xapi.actors import agent_key, subject_of
from metering.xapi.faults import row_faults
from metering.xapi.mapping import CMI5, CMI5_AU, Mapped, TenantMapping, event_of
from metering.xapi.rules import ANY, BUILT_IN, MappingRule
from metering.xapi.values import duration_minutes, is_duration, is_language, read_instant

NOW = datetime(2026, 3, 10, 10, tzinfo=UTC)
DOCS = Path(__file__).parents[3] / "docs" / "xapi.md"


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: f"{rule.verb.rsplit('/', 1)[1]}-{rule.activity_type}")
def test_every_row_makes_an_event_that_is_metered(rule: MappingRule) -> None:
    assert row_faults(rule) == ()
    category = [{"id": CMI5}] if rule.activity_type == CMI5_AU else []
    kind = {} if rule.activity_type in (ANY, CMI5_AU) else {"type": rule.activity_type}
    whole = {
        "actor": {"openid": "https://ana.example"},
        "verb": {"id": rule.verb},
        "object": {"id": "https://x.example/1", "definition": kind},
        "context": {
            "registration": "01890000-0000-4000-8000-00000000abcd",
            "contextActivities": {"category": category},
        },
    }

    found = event_of(whole, "01890000-0000-4000-8000-000000000001", NOW, TenantMapping())

    if rule.event_type is None:
        assert not isinstance(found, Mapped)
        return
    assert isinstance(found, Mapped)
    draft = draft_event(msgspec.Raw(msgspec.json.encode(found.event)), 0, Rules(NOW, version_required=False))
    assert (draft.type, draft.metered, draft.occurred_at) == (rule.event_type, True, NOW)


def test_the_document_names_every_verb() -> None:
    text = DOCS.read_text()

    assert {rule.verb for rule in BUILT_IN if f"`{rule.verb.rsplit('/', 1)[1]}`" not in text} == set()


def test_an_address_and_its_hash_are_one_person() -> None:
    hashed = {"mbox_sha1sum": sha1(b"mailto:ana@example.org").hexdigest().upper()}
    assert agent_key(hashed) == agent_key({"mbox": "mailto:ana@example.org"})
    assert agent_key({"objectType": "Group", "member": [hashed]}) is None
    account = {"account": {"homePage": "https://lms.example", "name": "7"}}
    assert subject_of(account) == "account:https://lms.example|7"
    assert subject_of(account, {"https://lms.example"}) == "7"


@pytest.mark.parametrize(
    ("value", "minutes"),
    [("PT90M", "90"), ("P1DT1H", "1500"), ("P1W", "10080"), ("PT0.6S", "0.01"), ("P1Y", None), ("90", None)],
)
def test_a_duration_in_minutes(value: str, minutes: str | None) -> None:
    found = duration_minutes(value)
    assert (f"{found.normalize():f}" if found is not None else None) == minutes


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-10T10:00:00+01:00", "2026-03-10T09:00:00+00:00"),
        ("2026-03-10T10:00:00.123456789Z", "2026-03-10T10:00:00.123456+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),  # a leap second
        ("0001-01-01T00:00:00+14:00", None),  # before the first year that there is
        ("2026-03-10T24:00:00Z", None),
        ("2026-03-10", None),
    ],
)
def test_an_instant_is_read_as_it_is_meant(value: str, instant: str | None) -> None:
    found = read_instant(value, zone_required=True)
    assert (found.isoformat() if found else None) == instant


def test_values_that_look_right() -> None:
    assert [is_duration(v) for v in ("P3Y1M29DT4H35M59.14S", "PT", "P1H", "PA1H0M0S")] == [True, False, False, False]
    assert [is_language(v) for v in ("de-CH-1996", "x-own", "i-klingon", "a", "en_US")] == [
        True,
        True,
        True,
        False,
        False,
    ]
