"""People and groups as a customer's directory sends them (SCIM 2.0), and what its groups stand for."""
