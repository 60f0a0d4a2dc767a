"""Mails to people: written down with the act, sent at least once after it."""
