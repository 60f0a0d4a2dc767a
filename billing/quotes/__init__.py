"""Quotes: a contract offered, priced on the customer's real year, and accepted as exactly that contract."""
