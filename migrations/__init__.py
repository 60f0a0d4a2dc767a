"""The schema's history: Alembic revisions, the roles they assume, and the policies of each table."""
