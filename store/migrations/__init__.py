"""Hold the schema's revisions; store.migrate applies them."""
