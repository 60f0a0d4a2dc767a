"""Costs: what serving a customer costs the vendor, priced by the very charges that plans are made of."""
