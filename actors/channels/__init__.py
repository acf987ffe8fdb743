"""Providers of messaging, each a package that verifies, parses, renders and sends; README.md says how one joins."""
