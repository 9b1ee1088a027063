"""The same writes as an ordinary FastAPI service: router, service, repository, ORM."""
