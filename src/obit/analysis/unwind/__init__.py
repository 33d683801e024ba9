"""Threads' stacks as machine frames."""
