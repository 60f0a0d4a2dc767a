"""People in statements: whoever is hidden is shown again as they were, or as nobody."""

from typing import Any
from uuid import UUID, uuid5

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from metering.xapi.actors import agent_key
from metering.xapi.mentions import FORGOTTEN, hidden, mentioned, sealers_named, shown

NAMESPACE = UUID(int=0)
AGENTS = st.builds(
    lambda name, mail, typed: {
        **({"objectType": "Agent"} if typed else {}), **({"name": name} if name else {}), "mbox": f"mailto:{mail}@x.org",
    },
    st.text(max_size=5), st.sampled_from("abcd"), st.booleans(),
)  # fmt: skip
GROUPS = st.builds(lambda members: {"objectType": "Group", "member": members}, st.lists(AGENTS, min_size=1, max_size=3))
NAMED = st.builds(lambda agent: {**agent, "objectType": "Agent"}, AGENTS)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "instructor": AGENTS | GROUPS,
        "team": GROUPS,
        "contextAgents": st.lists(AGENTS.map(lambda agent: {"objectType": "contextAgent", "agent": agent}), max_size=2),
        "contextGroups": st.lists(GROUPS.map(lambda group: {"objectType": "contextGroup", "group": group}), max_size=2),
    },
)


def statements(objects: Any) -> Any:
    return st.fixed_dictionaries(
        {"actor": AGENTS | GROUPS, "verb": st.just({"id": "v"}), "object": objects},
        optional={"context": CONTEXTS, "authority": AGENTS},
    )


ACTIVITY = st.just({"id": "https://x.org/1"})
SUBS = statements(ACTIVITY | NAMED).map(lambda found: {"objectType": "SubStatement", **found})
STATEMENTS = statements(ACTIVITY | NAMED | GROUPS | SUBS)


def name_of(key: str) -> UUID:
    return uuid5(NAMESPACE, key)


@given(STATEMENTS, st.sets(st.sampled_from("abcd")))
def test_what_is_hidden_names_nobody_and_comes_back_but_for_the_forgotten(whole: Any, forgotten: set[str]) -> None:
    people = mentioned(whole)
    stored = hidden(whole, {key: (name_of(key), lambda plain: plain[::-1]) for key in people})
    gone = {name_of(agent_key({"mbox": f"mailto:{mail}@x.org"}) or "") for mail in forgotten}

    # Only the actor, who has the original's own key, stands in it.
    own = agent_key(whole["actor"])
    left = {
        mail for mail in "abcd" if f"mailto:{mail}@x.org" in msgspec.json.encode(stored).decode()
    }  # fmt: skip
    assert {agent_key({"mbox": f"mailto:{mail}@x.org"}) for mail in left} <= {own}
    assert sealers_named(stored) == {name_of(key) for key in people}
    assert shown(stored, lambda _name, sealed: sealed[::-1]) == whole
    told = shown(stored, lambda name, sealed: None if name in gone else sealed[::-1])
    assert mentioned(told) == {key for key in people if name_of(key) not in gone} | (
        {agent_key(FORGOTTEN)} if any(name_of(key) in gone for key in people) else set()
    )
