"""Facts as columns of numpy: a year of a million is read once, and figures of all its periods are told from it.

No other engine: each reader here gives exactly the figure that the meter of that name gives from the same
facts (`metering.registry`), or none where columns cannot tell it. `tests/simulation` holds both together.
"""
