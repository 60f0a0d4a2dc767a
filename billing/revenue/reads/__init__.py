"""Reads of recurring revenue; they return frozen values."""

from billing.revenue.reads.revenue import (
    Based,
    Revenue,
    UsedRate,
    Wanted,
    billed_slices,
    read_revenue,
    read_risks,
)

__all__ = ("Based", "Revenue", "UsedRate", "Wanted", "billed_slices", "read_revenue", "read_risks")
