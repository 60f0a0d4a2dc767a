"""Other people's public suites against a server of our own."""
