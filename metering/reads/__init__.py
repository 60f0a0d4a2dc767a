"""What the rest of the product may ask metering; answers are frozen values."""

from metering.reads.changes import first_change_since
from metering.reads.curves import concurrency_curve
from metering.reads.custom_meters import contract_meters
from metering.reads.evidence import measurements_with_event_ids, with_event_ids
from metering.reads.facts import load_facts
from metering.reads.kept import WHOLE, kept_periods
from metering.reads.measuring import Measuring, Reading, load_grounds, measure
from metering.reads.policies import policies_at
from metering.reads.series import MAX_BUCKETS, SeriesItem, SeriesQuery, UsageSeries, usage_series
from metering.registry import METERS, MeterSpec

__all__ = (
    "MAX_BUCKETS",
    "METERS",
    "WHOLE",
    "Measuring",
    "MeterSpec",
    "Reading",
    "SeriesItem",
    "SeriesQuery",
    "UsageSeries",
    "concurrency_curve",
    "contract_meters",
    "first_change_since",
    "kept_periods",
    "load_facts",
    "load_grounds",
    "measure",
    "measurements_with_event_ids",
    "policies_at",
    "usage_series",
    "with_event_ids",
)
