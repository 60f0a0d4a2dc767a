"""Contracts as sales works on them: begun, changed, paused, ended; each previewed before it is done (pure)."""
