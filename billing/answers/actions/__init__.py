"""What is asked, one question a file. Nothing that bills is written here."""
