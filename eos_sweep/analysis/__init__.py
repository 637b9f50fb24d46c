"""What is asked of a sweep: open, slice, pool, bisect, follow a trajectory, draw."""
