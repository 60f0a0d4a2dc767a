"""What every process of ours does first."""

import gc

__all__ = ("tune_collector",)


def tune_collector() -> None:
    """Let the garbage collector look at young objects rarely, and at what start-up made never.

    A figure builds hundreds of thousands of values that live until it is done; with the default
    threshold of 700 the collector walks them over and over (half of the time of a large figure).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
