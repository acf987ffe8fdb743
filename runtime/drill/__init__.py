"""Rehearsed failure: a real `serve` as a child process that can be killed, stopped and started again."""
