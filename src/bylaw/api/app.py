"""The FastAPI application: it finds the routes that the door does not look up itself, and the door answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi import Request as Asked
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from bylaw.api import openapi
from bylaw.api.door import CALL
from bylaw.api.routes import ROUTES
from bylaw.serving.problems import problem
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bylaw.api.door import Door
    from bylaw.api.request import Request
    from bylaw.api.routes import Route
    from bylaw.serving.frames import Reply


class _Text(Convertor[str]):
    """A part of a path: a text of some form."""

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _FullRef(_Text):
    """A reference that names its namespace, so that ``/findings`` behind it is no part of a name."""

    regex = "[^/]+/.+"


class _Decision(_Text):
    """The id of a decision: ``logs`` is a route of its own."""

    regex = "(?!logs$)[^/]+"


register_url_convertor("full", _FullRef())
register_url_convertor("decision", _Decision())


class _ByDoor(Response):
    """An answer that the door puts on the network."""

    def __init__(self, put: Callable[[Any], Awaitable[None]]) -> None:
        self._put = put
        self.background = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._put(send)


def make(door: Door) -> FastAPI:
    """The application behind a door."""
    app = FastAPI(
        title="bylaw", version=VERSION, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    for route in ROUTES:
        app.add_api_route(route.path, _endpoint(door, route), methods=[route.method], response_class=Response)

    async def refused(asked: Asked, error: Exception) -> Response:
        return _ByDoor(lambda send: door.refuse(_request(asked), _refusal(app, asked, error), send))

    app.add_exception_handler(HTTPException, refused)
    app.openapi = openapi.description  # type: ignore[method-assign]  # as FastAPI has it extended
    door.rest = app
    return app


def _endpoint(door: Door, route: Route) -> Callable[[Asked], Awaitable[Response]]:
    async def endpoint(asked: Asked) -> Response:
        return _ByDoor(lambda send: door.through(_request(asked), route, asked.path_params, send))

    return endpoint


def _request(asked: Asked) -> Request:
    request: Request = asked.scope[CALL]
    return request


def _refusal(app: FastAPI, asked: Asked, error: Exception) -> Reply:
    """What is said where no route takes a request."""
    near = [each for each in app.routes if each.matches(asked.scope)[0] is not Match.NONE]
    if not near or not isinstance(error, HTTPException) or error.status_code != 405:
        return problem(404, "there is no such route; /openapi.json describes those there are")
    allowed = sorted({method for each in near for method in getattr(each, "methods", ())})
    detail = f"{asked.method} is not for this route, expected {' or '.join(allowed)}"
    return problem(405, detail, headers={"Allow": ", ".join(allowed)})
