"""Set and drop sheets of costs."""
