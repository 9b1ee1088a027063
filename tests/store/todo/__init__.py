"""Tests of the rules of a list."""
