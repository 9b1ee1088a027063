"""Tests of the reverse proxy."""
