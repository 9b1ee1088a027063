"""Tests of `lockstep doctor`."""
