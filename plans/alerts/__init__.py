"""Told before a limit is reached: thresholds on meters, pools and spend."""
