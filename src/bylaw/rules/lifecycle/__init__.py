"""What is new, what is on its way out, and who relies on it."""
