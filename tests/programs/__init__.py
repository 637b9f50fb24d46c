"""Programs of their own: those that run for minutes, and one that watches another."""
