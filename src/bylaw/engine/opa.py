"""An OPA server: the only module that knows opa-python-client.

What is evaluated there stands in a ``Place`` of its own: under one name that nobody else uses, with all that it means
by ``data`` below that name. So it sees nothing else that the server holds, nothing else sees it, and any number of
runs may use a server at a time. It is put there before and taken away after.

The client repeats requests and follows redirects if it is let: here it does neither, so that a request takes no longer
than its time-out and goes nowhere else.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from bylaw.engine.rego import RegoError
from bylaw.errors import ConfigError, UndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bylaw.config import OpaSetting
    from bylaw.rules import Module

_PUTTING = 30.0  # seconds for what puts modules or a catalog there: the server compiles all that it has, each time
_SHOWN = 10  # modules that a message names
_LONGEST_SAID = 300  # characters of another's words in a message
_JSON = "application/json"
_ABOUT_THE_QUESTION = frozenset({400, 404, 500})  # with these OPA says what is wrong with it
_LAW = "law"  # what stands for ``data`` in a place
_PACKAGE = re.compile(r"^package[ \t]+", re.MULTILINE)
_TOKEN = re.compile(
    r"""
    "(?:[^"\\\n]|\\.)*" | `[^`]*` | \#[^\n]*    # texts and comments
    | \.[A-Za-z_]\w*                            # a field
    | (?P<data>data(?!\w)) | [A-Za-z_]\w*       # the document, or another name
    """,
    re.VERBOSE,
)


class _Undefined(Enum):
    UNDEFINED = "undefined"


UNDEFINED: Final = _Undefined.UNDEFINED
"""The answer where there is none: OPA's has no ``result`` then."""


class LateError(Exception):
    """No answer in time."""


class _ForbiddenError(UndecidedError):
    """The server does not let us do this, which is not to say that it lets us do nothing."""


class Server:
    """The server that a setting names. It is asked by no more than one thread of each process.

    Raises:
        ConfigError: its address or token is none, or the client is not installed.
    """

    def __init__(self, setting: OpaSetting) -> None:
        self._setting = setting
        self.url = _address(setting.url)
        self._token = _token(setting, self.url)
        self._client: Any = None
        self._process = 0

    def __reduce__(self) -> tuple[type[Server], tuple[OpaSetting]]:
        return Server, (self._setting,)

    def version(self) -> str:
        """Its version; empty where it does not tell strangers.

        Raises:
            UndecidedError: it cannot be asked.
        """
        try:
            config = self._answer(lambda client: client.get_config(), self._setting.timeout)
        except (RegoError, _ForbiddenError):
            return ""
        except LateError as error:
            raise UndecidedError(str(error)) from None
        for step in ("result", "labels", "version"):
            config = config.get(step) if isinstance(config, dict) else None
        return _plain(config) if isinstance(config, str) else ""

    def query(self, path: str, given: Any, *, seconds: float | None = None) -> Any:
        """What stands at ``path`` (``bylaw.x.findings``) for an input; ``UNDEFINED`` where nothing does.

        A built-in that fails is an error there, too, and makes nothing undefined.

        Raises:
            RegoError: it could not be evaluated.
            LateError: not within ``seconds``, by default what the setting says.
            UndecidedError: the server cannot be asked.
        """
        strict = {"strict-builtin-errors": "true"}
        seconds = seconds or self._setting.timeout
        answer = self._answer(lambda client: client.query_rule(given, path, query_params=strict), seconds)
        if not isinstance(answer, dict):
            raise UndecidedError(f"{self.url}: answered {str(answer)[:_LONGEST_SAID]!r}, expected what OPA answers")
        return answer.get("result", UNDEFINED)

    def put_module(self, name: str, text: str) -> None:
        """Give it a module.

        Raises:
            RegoError: it refuses it.
            LateError, UndecidedError: as ``query``.
        """
        self._answer(lambda client: client.update_policy_from_string(text, name, rego_compat=False), _PUTTING)

    def put_data(self, path: str, value: Mapping[str, Any]) -> None:
        """Give it data; raises as ``put_module``."""
        self._answer(lambda client: client.update_or_create_data(value, path), _PUTTING)

    def delete_module(self, name: str) -> None:
        """Take a module away; raises as ``put_module``."""
        self._answer(lambda client: client.delete_policy(name), _PUTTING)

    def delete_data(self, path: str) -> None:
        """Take data away; raises as ``put_module``."""
        self._answer(lambda client: client.delete_data(path), _PUTTING)

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close_connection()
            self._client = None

    def _answer(self, ask: Callable[[Any], Any], seconds: float) -> Any:
        client = self._connected()
        client.timeout = seconds
        with _explained(self.url, seconds):
            return ask(client)

    def _connected(self) -> Any:
        """The client of this process: a connection must not be shared with the one that forked it."""
        if self._client is None or self._process != os.getpid():
            self._client, self._process = _client(self.url, self._token), os.getpid()
            self._client._session.hooks["response"].append(self._looked_at)
        return self._client

    def _looked_at(self, response: Any, **_: Any) -> None:
        """Refuse what is no answer of an OPA, before the client makes anything of it."""
        status: int = response.status_code
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status in {401, 403}:
            what = f"the token in {self._setting.token_env}" if self._setting.token_env else "anybody without a token"
            raise _ForbiddenError(
                f"{self.url}: answered {status}: it does not let {what} do this; "
                "policies.engine.opa.token_env names the environment variable that holds one"
            )
        if 300 <= status < 400:
            raise UndecidedError(f"{self.url}: redirects to {_plain(response.headers.get('Location', '?'))}: name that")
        if status != 204 and kind != _JSON:
            raise UndecidedError(
                f"{self.url}: answered {status} with {_plain(kind) or 'no type'}, expected {_JSON}: "
                "there is no OPA server at policies.engine.opa.url"
            )


class Place:
    """Modules and data on a server, under a name of their own.

    Raises:
        ConfigError: the server refuses a module.
        UndecidedError: the server cannot be asked, or refuses to hold anything.
    """

    def __init__(self, server: Server, modules: Sequence[Module], data: bytes = b"{}") -> None:
        self._server = server
        self._name = f"bylaw_{os.urandom(8).hex()}"
        self._paths = [each.path for each in modules]
        self._put: list[int] = []
        try:
            with _or_undecided():
                self._server.put_data(f"{self._name}/{_LAW}", orjson.loads(data))
                self._put_all({number: self._moved(each.text) for number, each in enumerate(modules)})
        except BaseException:  # raised again: an interrupt, too, leaves nothing there
            self.remove()
            raise
        finally:
            server.close()  # whoever forks now shares no connection

    @property
    def url(self) -> str:
        """The address of the server."""
        return self._server.url

    def query(self, path: str, given: Any, *, seconds: float | None = None) -> Any:
        """What ``data.<path>`` is for an input, as ``Server.query`` says."""
        with self._as_written():
            return self._server.query(f"{self._name}.{_LAW}.{path}", given, seconds=seconds)

    def remove(self) -> None:
        """Take all of it away, as far as the server lets us: what was judged is judged all the same."""
        with suppress(LateError, UndecidedError):
            for number in reversed(self._put):
                with suppress(RegoError):  # it was not put there after all
                    self._server.delete_module(f"{self._name}/{number}")
            with suppress(RegoError):
                self._server.delete_data(self._name)
        self._put.clear()
        self._server.close()

    def _put_all(self, texts: dict[int, str]) -> None:
        """Put the modules there: each after those whose functions it calls, which the server wants to know."""
        while texts:
            refused: dict[int, RegoError] = {}
            for number, text in texts.items():
                self._put.append(number)  # where no answer comes it may be there all the same
                try:
                    with self._as_written():
                        self._server.put_module(f"{self._name}/{number}", text)
                except RegoError as error:
                    refused[self._put.pop()] = error
            if len(refused) == len(texts):
                faults = list(dict.fromkeys(map(str, refused.values())))
                more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
                raise ConfigError("\n".join([*faults[:_SHOWN], *more, f"{self._server.url} refuses the policies"]))
            texts = {number: texts[number] for number in refused}

    def _moved(self, text: str) -> str:
        return moved(text, f"{self._name}.{_LAW}")

    @contextmanager
    def _as_written(self) -> Iterator[None]:
        """Say of an error of OPA where it is in the modules as their authors wrote them."""
        try:
            yield
        except RegoError as error:
            said = str(error).replace(f"data.{self._name}.{_LAW}", "data")
            numbers = re.compile(rf"\b{self._name}/(\d+)")
            raise RegoError(numbers.sub(lambda found: self._paths[int(found[1])], said)) from None


@lru_cache(maxsize=4)
def name(setting: OpaSetting) -> str:
    """What evaluates, as reports name it: ``opa 1.22.0``.

    Raises:
        ConfigError, UndecidedError: as ``Server`` and ``Server.version``.
    """
    server = Server(setting)
    try:
        return f"opa {server.version()}".strip()
    finally:
        server.close()


def moved(text: str, root: str) -> str:
    """A module that stands under ``data.<root>``, and that means what is there wherever it says ``data``."""
    package = _PACKAGE.search(text)
    head, rest = text[: package.end()] if package else "", text[package.end() :] if package else text
    return f"{head}{root}.{_TOKEN.sub(lambda found: f'data.{root}' if found['data'] else found[0], rest)}"


def _address(url: str) -> str:
    shown = _plain(url.partition("?")[0].rpartition("@")[2])
    try:
        parts = urlsplit(url)
        fine = parts.port != 0 and parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        parts, fine = urlsplit(""), False
    if parts.username is not None or parts.password is not None:
        raise ConfigError("policies.engine.opa.url holds a user or a password; a token comes from the environment")
    if not fine or parts.query or parts.fragment or not all("!" <= each <= "~" for each in url):
        raise ConfigError(f"policies.engine.opa.url is {shown}, expected an address such as http://127.0.0.1:8181")
    return url.rstrip("/")


def _token(setting: OpaSetting, url: str) -> str | None:
    if setting.token_env is None:
        return None
    token = os.environ.get(setting.token_env, "").strip()
    if not token or not all("!" <= each <= "~" for each in token):
        raise ConfigError(
            f"the token for {url} is empty or has characters that no header can have: set {setting.token_env}"
        )
    return token


def _client(url: str, token: str | None) -> Any:
    try:
        from opa_client.opa import OpaClient  # type: ignore[import-untyped]  # it has none
    except ImportError:
        raise ConfigError("policies.engine: opa needs opa-python-client: pip install 'bylaw[opa]'") from None
    import ssl

    parts = urlsplit(url)
    client = OpaClient(parts.hostname, parts.port or 0, ssl=parts.scheme == "https", retries=0)
    client.root_url = f"{url}/v1"  # the client knows no path before it, and 8181 where no port is named
    session, trusted = client._session, ssl.get_default_verify_paths()
    if session.verify:  # what this machine trusts, as everywhere in bylaw, and not the list that came with the client
        session.verify = trusted.cafile or trusted.capath or True
    session.auth = _Bearer(token)
    return client


class _Bearer:
    """The token, or none at all: without this the client would look for a password in ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@contextmanager
def _explained(url: str, seconds: float) -> Iterator[None]:
    """What the client raises, in our words."""
    import requests
    import urllib3
    from opa_client import errors  # type: ignore[import-untyped]  # it has none

    try:
        yield
    except requests.exceptions.HTTPError as error:
        status, body = (error.response.status_code, error.response.json()) if error.response is not None else (0, None)
        if not isinstance(body, dict) or status not in _ABOUT_THE_QUESTION:
            raise UndecidedError(f"{url}: answered {status}") from None
        raise RegoError(_said(body)) from None
    except requests.exceptions.JSONDecodeError:
        raise UndecidedError(f"{url}: answered something that is no JSON, though it says so") from None
    except errors.RegoParseError as error:
        if not error.message:
            raise UndecidedError(f"{url}: answered something else than OPA does") from None
        raise RegoError(_said({"message": error.message, "errors": error.errors})) from None
    except (errors.DeletePolicyError, errors.DeleteDataError) as error:
        raise RegoError(_said({"message": error.message})) from None
    except requests.exceptions.SSLError as error:
        raise UndecidedError(f"{url}: its certificate is not trusted here ({_reason(error)})") from None
    except requests.exceptions.RequestException as error:
        inner = _inner(error)  # urllib3 takes a refusal for a time-out
        is_refused = isinstance(inner, urllib3.exceptions.NewConnectionError)
        if isinstance(inner, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError) and not is_refused:
            raise LateError(f"{url}: no answer within {seconds:g} s") from None
        raise UndecidedError(f"{url}: cannot be asked ({_reason(error)}); is the OPA server running?") from None
    except (AttributeError, TypeError, ValueError):  # the client takes an answer for an object that is none
        raise UndecidedError(f"{url}: answered something else than OPA does") from None


@contextmanager
def _or_undecided() -> Iterator[None]:
    """Where the server does not take what has to be there first, nothing can be decided."""
    try:
        yield
    except (LateError, RegoError) as error:
        raise UndecidedError(str(error)) from None


def _said(body: Mapping[str, Any]) -> str:
    """``file:line:column: what`` of an error of OPA: the first, and how many more there are."""
    errors = [each for each in body.get("errors") or () if isinstance(each, dict)]
    if not errors:
        return _plain(str(body.get("message", body)))
    place = errors[0].get("location") or {}
    where = ":".join(str(place[each]) for each in ("file", "row", "col") if each in place)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return _plain(f"{where}: {errors[0].get('message')}{more}" if where else f"{errors[0].get('message')}{more}")


def _inner(error: BaseException) -> object:
    """What lies under the client's wrappings."""
    return getattr(error.args[0] if error.args else error, "reason", None) or error


def _reason(error: BaseException) -> str:
    inner = _inner(error)
    return _plain(str(inner).rpartition(": ")[2] or type(inner).__name__)


def _plain(text: str) -> str:
    """Somebody else's words in a message of ours: one line, and not a long one."""
    shown = "".join(each if each.isprintable() else " " for each in text[: _LONGEST_SAID + 1])
    return shown if len(shown) <= _LONGEST_SAID else f"{shown[:_LONGEST_SAID]}…"
