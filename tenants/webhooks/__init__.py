"""What happens here, told to a customer's own systems (Standard Webhooks)."""
