"""Tests of the live list in the terminal."""
