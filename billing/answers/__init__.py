"""Answers for sales: what contracts would bill on a customer's real usage, by the code that bills."""
