"""What the API takes and gives about what is sold and held."""
