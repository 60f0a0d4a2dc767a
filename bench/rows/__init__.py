"""One module a row of the table (or a few that share their preparation); all are found by themselves."""
