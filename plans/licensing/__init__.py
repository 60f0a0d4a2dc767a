"""What is held: floating pools, named seats, entitlements in use, licence files."""
