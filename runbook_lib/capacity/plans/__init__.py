"""Pure plans of capacity: the load test."""
