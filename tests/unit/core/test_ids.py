"""Ids are UUIDv7 and increase."""

from core.ids import new_id, new_token


def test_ids_are_version_7_and_strictly_increase() -> None:
    made = [new_id() for _ in range(10_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {id_.version for id_ in made} == {7}


def test_tokens_carry_their_prefix_and_are_not_repeated() -> None:
    assert new_token("tb").startswith("tb_")
    assert new_token("tb") != new_token("tb")
