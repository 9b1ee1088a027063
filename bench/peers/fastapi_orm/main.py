"""The application: ``uvicorn fastapi_orm.main:app``."""

from __future__ import annotations

from fastapi import FastAPI

from fastapi_orm.router import router

app = FastAPI(title="Todos")
app.include_router(router)
