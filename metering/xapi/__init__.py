"""The statements of the Experience API (xAPI 1.0.3 and 2.0): what is valid, and what it means here.

All modules here are pure: they know no database, no clock and no HTTP.
"""
