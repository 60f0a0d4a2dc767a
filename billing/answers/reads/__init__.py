"""Selects of answers, and the figures that they stand on."""
