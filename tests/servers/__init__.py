"""Real servers for the tests, and tests of those."""
