"""Files as events: readers, mappings and presets; a row in, events out (pure).

Nothing here stores anything: `metering.actions.run_import` hands the events to the hot lane.
"""
