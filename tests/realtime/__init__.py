"""Tests of what happens per socket and per replica."""
