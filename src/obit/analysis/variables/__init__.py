"""Values: where a variable is, and what it says."""
