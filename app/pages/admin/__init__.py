"""A customer's own usage and bills."""
