"""Rehearsed failure: faults at every checkpoint, a network that breaks, leaks told by name, a `serve` to kill, drills."""
