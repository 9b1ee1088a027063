"""Test the routes, one noun a file."""
