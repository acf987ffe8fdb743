"""Rehearsed failures of the whole product: real servers, people who write, a provider that remembers, a verdict."""
