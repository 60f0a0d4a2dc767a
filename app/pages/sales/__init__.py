"""The vendor's workspace: catalogue, plans, customers."""
