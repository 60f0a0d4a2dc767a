"""Named seats: pools with a limit, who holds them, who waits, and what may be taken back."""
