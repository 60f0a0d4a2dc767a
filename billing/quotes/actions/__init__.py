"""Make, approve, decline and accept quotes."""
