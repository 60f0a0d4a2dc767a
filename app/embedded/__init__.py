"""PostgreSQL and Valkey out of wheels, for the demo and the tests. Production never imports this."""
