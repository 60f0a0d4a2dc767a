"""Whom an actor means: one key per inverse functional identifier (pure)."""

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b, sha1
from typing import Any
from uuid import UUID

__all__ = ("ANYBODY", "agent_key", "agent_keys_of", "identified_agents", "mark", "person_of", "subject_of")

ANYBODY = "anybody"
"""The key of a group without an identifier."""


def agent_key(agent: Mapping[str, Any]) -> str | None:
    """Return one text for whoever is meant, or None for a group without an identifier.

    An e-mail address and its SHA-1 are the same person, so both give the SHA-1.

    >>> agent_key({"mbox_sha1sum": "7DD93B281E5AC9B4B1B3C67A3CEE2F3F1B4AC5B2"})
    'mbox_sha1sum:7dd93b281e5ac9b4b1b3c67a3cee2f3f1b4ac5b2'
    """
    if "account" in agent:
        return f"account:{agent['account']['homePage']}|{agent['account']['name']}"
    if "mbox" in agent:
        return f"mbox_sha1sum:{sha1(agent['mbox'].encode(), usedforsecurity=False).hexdigest()}"
    if "mbox_sha1sum" in agent:
        return f"mbox_sha1sum:{agent['mbox_sha1sum'].lower()}"
    return f"openid:{agent['openid']}" if "openid" in agent else None


def agent_keys_of(subjects: Collection[str], emails: Collection[str], directories: Collection[str]) -> list[str]:
    """Return the keys of all agents by whom statements may mean a person.

    Args:
        subjects: the keys by which facts know the person (`subject_of`).
        emails: the person's addresses.
        directories: home pages whose account names are the tenant's own keys of people.

    >>> agent_keys_of(["ann"], [], ["https://idp.example"])
    ['account:https://idp.example|ann']
    """
    agents: list[dict[str, Any]] = [{"mbox": f"mailto:{email}"} for email in emails]
    agents += [{"mbox": f"mailto:{subject}"} for subject in subjects if "@" in subject]
    agents += [{"account": {"homePage": page, "name": subject}} for page in directories for subject in subjects]
    own = [subject for subject in subjects if subject.startswith(("account:", "mbox_sha1sum:", "openid:"))]
    return sorted({*own, *(key for key in map(agent_key, agents) if key is not None)})


def subject_of(agent: Mapping[str, Any], directories: Collection[str] = ()) -> str:
    """Return the key by which facts know the person.

    Args:
        agent: an identified agent.
        directories: home pages whose account names are the tenant's own keys of people, as its SCIM
            and its events use them; an account of any other system is somebody of that system.
    """
    account = agent.get("account")
    if account is not None and account["homePage"] in directories:
        return str(account["name"])
    key = agent_key(agent)
    assert key is not None, "only a group can be without an identifier"
    return key


def person_of(agent: Mapping[str, Any]) -> dict[str, str]:
    """Return what the agent says of the person, as `data.person` of an event."""
    person = {}
    if agent.get("name"):
        person["name"] = agent["name"][:256]
    if "mbox" in agent and len(agent["mbox"]) <= 320:
        person["email"] = agent["mbox"].removeprefix("mailto:")
    return person


def identified_agents(actor: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of an actor and, where it is a group, of its members."""
    own = agent_key(actor)
    if own is not None:
        yield own
    for member in actor.get("member", ()):
        yield from identified_agents(member)


def mark(tenant_id: UUID, kind: str, value: str) -> UUID:
    """Return what a filter looks for: a hash, so that an index of statements names nobody."""
    text = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return UUID(bytes=blake2b(text, digest_size=16, key=tenant_id.bytes).digest())
