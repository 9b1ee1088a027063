"""The tables of routes, one noun a file."""
