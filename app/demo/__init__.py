"""The demo world: who is in it, what they did for thirteen months, and how it is loaded."""
