"""Handles that belong to a nursery and close with it: Postgres, Redis, HTTP, the bridge, embedded servers."""
