"""The demo world's usage, invoices and statements, computed a second time.

Naive on purpose: loops over days and minutes, everything in memory, exact fractions, and not one
line shared with the product. It knows the raw events, the description of the world, and the prose
of the design (domain, readings, catalogue).
"""
