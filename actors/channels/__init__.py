"""Providers of messaging: each channel package verifies, parses, renders and sends for one of them."""
