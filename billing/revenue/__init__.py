"""Recurring revenue: how much a month, what moved it, what stays, what is at risk."""
