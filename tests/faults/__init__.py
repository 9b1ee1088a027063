"""Faults under load: real replicas, PostgreSQL and Redis are hurt while people write and follow."""
