"""How often a limit turns people away, by formula: Erlang-B and Engset, beside the replay of real arrivals (pure).

Both are for calls that are lost when all servers are taken, with holding times of any distribution
(Iversen, *Teletraffic Engineering Handbook*, ITU-D study group 2, chapters on Erlang's loss system
and on Engset's). They assume arrivals that are steady for the time looked at, so they are asked
about the busiest hour. Probabilities are floats: they are estimates, and no money is made of them here.
"""

__all__ = ("engset_call_congestion", "erlang_b")


def erlang_b(servers: int, offered_load: float) -> float:
    """Return the probability that an arrival finds all servers taken, from endlessly many sources.

    By the recursion `B(0) = 1, B(n) = A·B(n−1) ÷ (n + A·B(n−1))`, which is stable for any size.

    Args:
        servers: the limit, 0 or more.
        offered_load: arrivals a second × mean seconds held (erlang), 0 or more.

    Raises:
        ValueError: one of them is negative.

    >>> round(erlang_b(2, 1.0), 12), round(erlang_b(10, 10.0), 4)
    (0.2, 0.2146)
    """
    if servers < 0 or offered_load < 0:
        raise ValueError("servers and load must not be negative")
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = offered_load * blocked / (number + offered_load * blocked)
    return blocked


def engset_call_congestion(servers: int, sources: int, offered_load: float) -> float:
    """Return the share of arrivals that find all servers taken, from so many people and no more.

    A person who holds a licence asks for none, so an arrival sees the system as `sources − 1` others
    leave it: call congestion is the time congestion of one source less. Its recursion is
    `E(0) = 1, E(n) = (S−n)·β·E(n−1) ÷ (n + (S−n)·β·E(n−1))` with `S − n` idle sources of `S` that see it,
    and β, the load an idle source offers, from `A = S·β ÷ (1 + β)`.

    Args:
        servers: the limit, 0 or more.
        sources: how many people may come, more than `offered_load`.
        offered_load: erlang, as in `erlang_b`.

    Returns:
        0 where there are as many servers as people.

    Raises:
        ValueError: a figure is negative, or the load is not below the number of sources.

    Three people, each idle one offering 0.5 (A = 1), one licence: of those who ask while the other two
    may hold it, half find it taken.

    >>> round(engset_call_congestion(1, 3, 1.0), 12), engset_call_congestion(3, 3, 1.0)
    (0.5, 0.0)
    """
    if servers < 0 or offered_load < 0:
        raise ValueError("servers and load must not be negative")
    if offered_load >= sources:
        raise ValueError("the load must be below the number of sources")
    idle_load = offered_load / (sources - offered_load)
    blocked = 1.0
    for number in range(1, servers + 1):
        offered = max(sources - number, 0) * idle_load * blocked
        blocked = offered / (number + offered)
    return blocked
