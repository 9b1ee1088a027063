"""The service driven by the official SDKs."""
