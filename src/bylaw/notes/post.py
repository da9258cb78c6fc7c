"""Notes on their way to GitLab. Whatever goes wrong there is a warning."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bylaw.notes import text
from bylaw.notes.suggestions import Suggestion, fingerprint_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gitlab import Gitlab

TOKEN = "BYLAW_GITLAB_TOKEN"
"""The variable that holds the token, unless another is named."""

_PATIENCE = 10.0  # seconds for one answer of GitLab
_ALL_IN_ALL = 45.0  # seconds for everything, and for waiting where GitLab asks to
_PAGE = 100
_RETRIES = 3
_RIGHTS = "a project access token with the scope api and the role Reporter is enough"
_ANSWERS = {
    401: "GitLab does not accept the token: it is wrong, has expired or was revoked",
    403: f"the token may not write notes here; {_RIGHTS}",
    404: f"GitLab shows the token no such merge request; {_RIGHTS}",
    429: "GitLab has had too many requests; the next run will do it",
}


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it: where the note is, if there is one, and what did not work out, a sentence each."""

    url: str | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A merge request as the environment of a CI job tells of it."""

    server: str
    project: str
    number: str
    url: str
    pipeline: int | None
    commit: str
    token: str = field(repr=False)


class _NowhereError(Exception):
    """The environment does not say where to write, or with what right."""


def post(
    markdown: str,
    environment: Mapping[str, str],
    *,
    suggested: Sequence[Suggestion] | None = None,
    token: str = TOKEN,
    patience: float = _ALL_IN_ALL,
) -> Posted:
    """Write the note of the merge request, or bring it up to date, and do so for suggestions at lines of its diff.

    The note is the one of the token's owner with our head. It is left alone where a newer pipeline wrote it. A
    suggestion is written once, and resolved when nothing suggests it any more; None says that nothing is known of
    suggestions. ``environment`` is that of a merge request's job in GitLab CI, ``token`` the name of the variable with
    the token. After ``patience`` seconds nobody waits any longer.
    """
    try:
        import gitlab  # noqa: F401  (only whether it is there)
    except ImportError:
        return Posted(None, ('no note: python-gitlab is not installed; install "bylaw[gitlab]"',))
    try:
        place = _place(environment, token)
    except _NowhereError as error:
        return Posted(None, (f"no note: {error}",))
    try:
        return _within(patience, lambda: _posted(markdown, suggested, place))
    except TimeoutError:
        return Posted(None, (f"no note, as far as is known: GitLab was not done with it in {patience:g} seconds",))


def _place(environment: Mapping[str, str], token: str) -> _Place:
    def said(*names: str) -> str:
        for name in names:
            if environment.get(name, "").strip():
                return environment[name].strip()
        raise _NowhereError(f"{names[-1]} is not set, which GitLab CI sets in a merge request's pipeline")

    server = said("CI_SERVER_URL")
    # Of a fork's merge request CI_PROJECT_ID is the fork, and the notes are with the other.
    project = said("CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID")
    number = said("CI_MERGE_REQUEST_IID")
    if not (project.isdecimal() and number.isdecimal()):
        raise _NowhereError(f"the project {project!r} or the merge request {number!r} is not a number")
    secret = environment.get(token, "").strip()
    if not secret:
        raise _NowhereError(f"{token} is not set; {_RIGHTS}. (GitLab lets no CI_JOB_TOKEN write notes.)")
    if not (secret.isascii() and secret.isprintable()):
        raise _NowhereError(f"{token} holds characters that no token has")
    address = environment.get("CI_MERGE_REQUEST_PROJECT_URL") or environment.get("CI_PROJECT_URL") or server
    pipeline = environment.get("CI_PIPELINE_ID", "")
    return _Place(
        server=server,
        project=project,
        number=number,
        url=f"{address}/-/merge_requests/{number}",
        pipeline=int(pipeline) if pipeline.isdecimal() and len(pipeline) <= 18 else None,
        commit=environment.get("CI_COMMIT_SHA", ""),
        token=secret,
    )


def _within(seconds: float, work: Callable[[], Posted]) -> Posted:
    """The work's answer, or a TimeoutError. A server that sends a byte now and then outlasts any time-out of a request,
    so this is a thread that may be left behind."""
    answer: Future[Posted] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(seconds)


def _posted(markdown: str, suggested: Sequence[Suggestion] | None, place: _Place) -> Posted:
    from gitlab import Gitlab, GitlabError

    client = Gitlab(
        place.server,
        private_token=place.token,
        timeout=_PATIENCE,
        retry_transient_errors=True,
        keep_base_url=True,  # the token goes to this server and no other, wherever a page is said to continue
    )
    client.session.max_redirects = 0
    talk = _Talk(client, f"/projects/{place.project}/merge_requests/{place.number}")
    # OSError is of the network; what is behind it, of answers in a shape that is not GitLab's.
    faults = (GitlabError, OSError, ValueError, LookupError, TypeError, AttributeError)
    try:
        me = talk.get("/user")["id"]
        url = f"{place.url}#note_{_note(talk, me, text.note(markdown, place.pipeline), place.pipeline)}"
    except faults as error:
        return Posted(None, (f"no note: {_reason(error)}",))
    try:
        if suggested is not None:
            _suggest(talk, me, suggested, place.commit)
    except faults as error:
        return Posted(url, (f"not all suggestions: {_reason(error)}",))
    return Posted(url)


@dataclass(frozen=True, slots=True)
class _Talk:
    """Requests about one merge request. A path without a slash at its start is below it."""

    client: Gitlab
    request: str

    def get(self, path: str) -> dict[str, Any]:
        answer = self.client.http_get(self._path(path), max_retries=_RETRIES)
        return answer if isinstance(answer, dict) else {}

    def all(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Everything in a list, page after page."""
        found = self.client.http_list(self._path(path), query, iterator=True, per_page=_PAGE, max_retries=_RETRIES)
        return (each for each in found if isinstance(each, dict))

    def create(self, path: str, what: dict[str, Any]) -> dict[str, Any]:
        """Asked once: where only the answer was lost, asking again would make it twice."""
        answer = self.client.http_post(
            self._path(path), post_data=what, max_retries=_RETRIES, retry_transient_errors=False
        )
        return answer if isinstance(answer, dict) else {}

    def change(self, path: str, what: dict[str, Any]) -> None:
        self.client.http_put(self._path(path), post_data=what, max_retries=_RETRIES)

    def remove(self, path: str) -> None:
        self.client.http_delete(self._path(path), max_retries=_RETRIES)

    def _path(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.request}/{path}".rstrip("/")


def _note(talk: _Talk, me: Any, body: str, pipeline: int | None) -> Any:
    """Write the note or bring it up to date, and give its number."""
    mine = [
        each
        for each in talk.all("notes", sort="asc", order_by="created_at")
        if _author(each) == me and text.is_note(str(each.get("body")))
    ]
    if not mine:
        return talk.create("notes", {"body": body})["id"]
    first, *more = mine
    written_by = text.pipeline_of(str(first.get("body")))
    if written_by is None or pipeline is None or written_by <= pipeline:
        talk.change(f"notes/{first['id']}", {"body": body})
    for each in more:  # two pipelines wrote the first one at the same time
        talk.remove(f"notes/{each['id']}")
    return first["id"]


def _suggest(talk: _Talk, me: Any, suggested: Sequence[Suggestion], commit: str) -> None:
    """Write the suggestions that are not there, and resolve those of ours that nothing suggests any more.

    Nothing is done where the merge request's diff does not end at the commit that was judged: its lines are others.
    """
    diff = talk.get("").get("diff_refs") or {}
    if not commit or diff.get("head_sha") != commit:
        return
    there = {
        fingerprint: discussion for discussion in talk.all("discussions") if (fingerprint := _about(discussion, me))
    }
    for each in suggested:
        if each.fingerprint not in there:
            _start(talk, each, diff)
        else:
            _renew(talk, each, there[each.fingerprint], me)
    for fingerprint in there.keys() - {each.fingerprint for each in suggested}:
        if not _first(there[fingerprint]).get("resolved"):
            talk.change(f"discussions/{there[fingerprint]['id']}", {"resolved": True})


def _start(talk: _Talk, suggestion: Suggestion, diff: Mapping[str, Any]) -> None:
    from gitlab import GitlabHttpError

    place = {"new_path": suggestion.path, "old_path": suggestion.path, "new_line": suggestion.line}
    commits = {name: diff.get(name) for name in ("base_sha", "start_sha", "head_sha")}
    try:
        talk.create("discussions", {"body": suggestion.body, "position": {"position_type": "text", **place, **commits}})
    except GitlabHttpError as error:
        if error.response_code != 400:  # that says that the line is not in the diff, where the note shows the fix
            raise


def _renew(talk: _Talk, suggestion: Suggestion, discussion: Mapping[str, Any], me: Any) -> None:
    """Let it say what is suggested now, and open it where it is resolved by ours, not by a person."""
    first = _first(discussion)
    if str(first.get("body")).strip() != suggestion.body.strip():
        talk.change(f"discussions/{discussion['id']}/notes/{first['id']}", {"body": suggestion.body})
    if first.get("resolved") and (first.get("resolved_by") or {}).get("id") == me:
        talk.change(f"discussions/{discussion['id']}", {"resolved": False})


def _about(discussion: Mapping[str, Any], me: Any) -> str | None:
    first = _first(discussion)
    return fingerprint_of(str(first.get("body"))) if _author(first) == me else None


def _first(discussion: Mapping[str, Any]) -> dict[str, Any]:
    notes = discussion.get("notes")
    return notes[0] if isinstance(notes, list) and notes and isinstance(notes[0], dict) else {}


def _author(note: Mapping[str, Any]) -> Any:
    """The number of who wrote a note; a word of its own where nobody did, so that it is nobody's."""
    author = note.get("author")
    return author.get("id", "nobody") if isinstance(author, dict) else "nobody"


def _reason(error: Exception) -> str:
    """Why, in our words: what the libraries say may cite a header, and so the token."""
    code = getattr(error, "response_code", None)
    if code is None:
        return f"GitLab cannot be reached, or says something unexpected ({type(error).__name__})"
    return _ANSWERS.get(code, f"GitLab answered {code}")
