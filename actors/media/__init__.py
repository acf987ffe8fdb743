"""What people send besides texts: fetched within limits, checked, and kept as files."""
