"""Chargeback: an invoice becomes statements of cost centres that add up to it, to the last unit."""
