"""Courses: transactions with a life, class hours, revenue (pure)."""
