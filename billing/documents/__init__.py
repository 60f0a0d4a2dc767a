"""The documents that leave the house: what an invoice says, in words, and as a PDF."""
