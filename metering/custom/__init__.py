"""Meters that somebody defines: a filter over events, an aggregation, a unit, dimensions to keep (pure)."""
