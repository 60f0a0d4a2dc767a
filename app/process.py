"""What every process of ours does first."""

import gc
import sys

__all__ = ("tune_collector", "tune_switching")

_SWITCH_S = 0.000_1


def tune_collector() -> None:
    """Let the garbage collector look at young objects rarely, at old ones hardly ever, at what start-up made never.

    A figure builds hundreds of thousands of values that live until it is done; with the default thresholds the
    collector walks them over and over (half of the time of a large figure). Ten thousand young ones take it 3 ms, and
    a hundred thousand 30 ms, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 500, 100)


def tune_switching() -> None:
    """Let the thread that answers have its turn soon while others reckon figures.

    It waits for its turn after each look at the network, by default 5 ms: some 15 ms a request.
    """
    sys.setswitchinterval(_SWITCH_S)
