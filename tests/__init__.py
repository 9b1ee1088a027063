"""Tests of Lockstep; folders mirror the sources."""
