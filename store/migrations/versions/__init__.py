"""Apply in the order of their numbers."""
