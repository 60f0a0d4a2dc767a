"""Facts that have left the database: which ones may, how they lie in files, and how both are compared."""
