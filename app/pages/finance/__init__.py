"""The customer's own chargeback: from the vendor's bill to statements per cost centre."""
