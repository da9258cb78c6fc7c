"""The note of a merge request, against a server that speaks GitLab's API."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bylaw.notes import Posted, Suggestion, post
from tests.notes.server import HEAD, ME, SOMEBODY, TOKEN, GitLab, running

if TYPE_CHECKING:
    from collections.abc import Iterator

FIX = Suggestion(
    "a" * 64, "catalog-info.yaml", 12, "  owner: team-payments", "ownership/owner-unknown", "no team-paymnts"
)
OTHER = replace(FIX, fingerprint="b" * 64, line=14, text="  lifecycle: production")
RIGHTS = "a project access token with the scope api and the role Reporter is enough"


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with running(GitLab(added_lines={("catalog-info.yaml", 12), ("catalog-info.yaml", 14)})) as server:
        yield server


def environment(gitlab: GitLab, **more: str) -> dict[str, str]:
    """What GitLab CI sets in a merge request's pipeline, as far as it is asked."""
    return {
        "CI_SERVER_URL": gitlab.url,
        "CI_PROJECT_ID": "12",
        "CI_PROJECT_URL": f"{gitlab.url}/shop/orders",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_PIPELINE_ID": "500",
        "CI_COMMIT_SHA": HEAD,
        "BYLAW_GITLAB_TOKEN": TOKEN,
        **more,
    }


def note(text: str, pipeline: int = 500) -> str:
    return f"<!-- bylaw:gate -->\n<!-- pipeline {pipeline} -->\n\n{text}"


def bodies(gitlab: GitLab) -> list[str]:
    return [each["body"] for each in gitlab.notes]


def test_the_first_run_writes_the_note_and_says_where_it_is(gitlab: GitLab) -> None:
    posted = post("# Denied\n", environment(gitlab))
    assert posted == Posted(f"{gitlab.url}/shop/orders/-/merge_requests/7#note_101")
    assert bodies(gitlab) == [note("# Denied\n")]


def test_later_runs_bring_the_same_note_up_to_date(gitlab: GitLab) -> None:
    first = post("# Denied\n", environment(gitlab))
    second = post("# Allowed\n", environment(gitlab, CI_PIPELINE_ID="501"))
    assert second == first
    assert bodies(gitlab) == [note("# Allowed\n", 501)]


def test_an_older_pipeline_that_ends_late_leaves_the_note_of_a_newer_one_alone(gitlab: GitLab) -> None:
    newer = post("# Allowed\n", environment(gitlab, CI_PIPELINE_ID="501"))
    assert post("# Denied\n", environment(gitlab)) == newer
    assert bodies(gitlab) == [note("# Allowed\n", 501)]


def test_a_note_of_somebody_else_with_our_head_is_not_ours(gitlab: GitLab) -> None:
    gitlab.notes = [gitlab.note(note("# Allowed, says a stranger"), SOMEBODY)]
    post("# Denied\n", environment(gitlab))
    assert bodies(gitlab) == [note("# Allowed, says a stranger"), note("# Denied\n")]


def test_a_note_of_our_own_user_that_only_cites_our_head_is_not_the_note(gitlab: GitLab) -> None:
    cited = f"Somebody wrote:\n{note('# Allowed')}"
    gitlab.notes = [gitlab.note(cited)]
    post("# Denied\n", environment(gitlab))
    assert bodies(gitlab) == [cited, note("# Denied\n")]


def test_the_note_is_found_on_a_later_page(gitlab: GitLab) -> None:
    gitlab.page = 2
    gitlab.notes = [*(gitlab.note(f"remark {number}", SOMEBODY) for number in range(5)), gitlab.note(note("old"))]
    post("new", environment(gitlab))
    assert bodies(gitlab) == [*(f"remark {number}" for number in range(5)), note("new")]


def test_of_two_notes_that_were_written_at_the_same_time_one_stays(gitlab: GitLab) -> None:
    gitlab.notes = [gitlab.note(note("one")), gitlab.note("a remark", SOMEBODY), gitlab.note(note("two"))]
    post("three", environment(gitlab))
    assert bodies(gitlab) == [note("three"), "a remark"]


def test_the_note_of_a_fork_goes_to_the_project_that_was_asked_to_merge(gitlab: GitLab) -> None:
    fork = environment(gitlab, CI_PROJECT_ID="99", CI_MERGE_REQUEST_PROJECT_ID="12")
    assert post("x", fork).warnings == ()
    assert bodies(gitlab) == [note("x")]


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("CI_SERVER_URL", "CI_SERVER_URL is not set, which GitLab CI sets in a merge request's pipeline"),
        ("CI_PROJECT_ID", "CI_PROJECT_ID is not set, which GitLab CI sets in a merge request's pipeline"),
        ("CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_IID is not set, which GitLab CI sets in a merge request's pipeline"),
        (
            "BYLAW_GITLAB_TOKEN",
            f"BYLAW_GITLAB_TOKEN is not set; {RIGHTS}. (GitLab lets no CI_JOB_TOKEN write notes.)",
        ),
    ],
)
def test_without_a_variable_it_warns_and_asks_nothing(gitlab: GitLab, missing: str, reason: str) -> None:
    rest = {name: value for name, value in environment(gitlab).items() if name != missing}
    assert post("x", rest) == Posted(None, (f"no note: {reason}",))
    assert gitlab.asked == []


def test_the_token_may_stand_in_another_variable(gitlab: GitLab) -> None:
    named = environment(gitlab, BYLAW_GITLAB_TOKEN="wrong", BOT=TOKEN)
    assert post("x", named, token="BOT").warnings == ()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "GitLab does not accept the token: it is wrong, has expired or was revoked"),
        (403, f"the token may not write notes here; {RIGHTS}"),
        (404, f"GitLab shows the token no such merge request; {RIGHTS}"),
        (409, "GitLab answered 409"),
        (413, "GitLab answered 413"),
        (500, "GitLab answered 500"),
    ],
)
def test_an_answer_that_refuses_the_note_is_a_warning(gitlab: GitLab, status: int, reason: str) -> None:
    gitlab.faults = {"POST notes": [status]}
    assert post("x", environment(gitlab)) == Posted(None, (f"no note: {reason}",))


def test_a_wrong_token_is_a_warning(gitlab: GitLab) -> None:
    posted = post("x", environment(gitlab, BYLAW_GITLAB_TOKEN="glpat-other"))
    assert posted.warnings == ("no note: GitLab does not accept the token: it is wrong, has expired or was revoked",)


def test_too_many_requests_are_waited_for_as_long_as_gitlab_asks(gitlab: GitLab) -> None:
    gitlab.faults = {"POST notes": [(429, {"retry-after": "0"}), (429, {"retry-after": "0"})]}
    assert post("x", environment(gitlab)).warnings == ()
    assert bodies(gitlab) == [note("x")]


def test_gitlab_is_not_waited_for_longer_than_patience_lasts(gitlab: GitLab) -> None:
    gitlab.faults = {"POST notes": [(429, {"retry-after": "3600"})]}
    posted = post("x", environment(gitlab), patience=0.5)
    assert posted == Posted(None, ("no note, as far as is known: GitLab was not done with it in 0.5 seconds",))


def test_too_many_requests_in_the_end_are_a_warning(gitlab: GitLab) -> None:
    gitlab.faults = {"POST notes": [(429, {"retry-after": "0"})] * 9}
    reason = "GitLab has had too many requests; the next run will do it"
    assert post("x", environment(gitlab)).warnings == (f"no note: {reason}",)


@pytest.mark.parametrize("fault", ["hang", "drip"])
@pytest.mark.parametrize("request_", ["GET user", "GET notes", "POST notes"])
def test_a_server_that_never_ends_an_answer_is_left(gitlab: GitLab, request_: str, fault: str) -> None:
    gitlab.faults = {request_: [fault]}
    started = time.monotonic()
    posted = post("x", environment(gitlab), patience=1)
    assert posted == Posted(None, ("no note, as far as is known: GitLab was not done with it in 1 seconds",))
    assert time.monotonic() - started < 5


def test_reading_is_tried_again_where_the_server_fails_for_a_moment(gitlab: GitLab) -> None:
    gitlab.faults = {"GET notes": [502, "cut off"]}
    assert post("x", environment(gitlab)).warnings == ()
    assert bodies(gitlab) == [note("x")]


def test_writing_is_not_tried_again_because_the_first_try_may_have_worked(gitlab: GitLab) -> None:
    gitlab.faults = {"POST notes": [502]}
    assert post("x", environment(gitlab)).warnings == ("no note: GitLab answered 502",)
    assert gitlab.asked.count("POST notes") == 1


def test_where_nobody_listens_it_warns() -> None:
    nowhere = environment(GitLab(url="http://127.0.0.1:1"))
    reason = "GitLab cannot be reached, or says something unexpected (ConnectionError)"
    assert post("x", nowhere).warnings == (f"no note: {reason}",)


def test_the_token_goes_nowhere_else_when_the_server_redirects(gitlab: GitLab) -> None:
    with running(GitLab()) as elsewhere:
        gitlab.faults = {"GET user": [(302, {"location": f"{elsewhere.url}/api/v4/user"})]}
        posted = post("x", environment(gitlab))
        assert elsewhere.asked == []
    assert posted.warnings == ("no note: GitLab cannot be reached, or says something unexpected (TooManyRedirects)",)


def test_an_answer_that_is_not_of_gitlab_is_a_warning(gitlab: GitLab) -> None:
    gitlab.faults = {"GET notes": [200]}  # an object where a list should be
    posted = post("x", environment(gitlab))
    assert posted == Posted(None, ("no note: GitLab cannot be reached, or says something unexpected (KeyError)",))


def test_no_warning_holds_the_token(gitlab: GitLab) -> None:
    """The server cites it in its answers, and the libraries in what they raise."""
    broken = ("two\nlines", "ünicode", "\x1b[31m")
    said = [post("x", environment(gitlab, BYLAW_GITLAB_TOKEN=f"{TOKEN}{each}")).warnings for each in broken]
    for status in (400, 401, 403, 404, 422, 429, 500):
        gitlab.faults = {"GET user": [(status, {"retry-after": "soon"})]}
        said.append(post("x", environment(gitlab)).warnings)
    assert all(said)
    assert TOKEN not in repr(said)


def test_a_suggestion_is_written_once_at_its_line(gitlab: GitLab) -> None:
    for pipeline in ("500", "501"):
        assert post("x", environment(gitlab, CI_PIPELINE_ID=pipeline), suggested=[FIX]).warnings == ()
    (discussion,) = gitlab.discussions
    (first,) = discussion["notes"]
    assert first["position"] == {
        "position_type": "text",
        "new_path": "catalog-info.yaml",
        "old_path": "catalog-info.yaml",
        "new_line": 12,
        "base_sha": "ba5e",
        "start_sha": "57a7",
        "head_sha": HEAD,
    }
    assert first["body"] == FIX.body


def test_a_suggestion_that_is_no_longer_made_is_resolved_and_no_other(gitlab: GitLab) -> None:
    theirs = gitlab.discussion(OTHER.body, SOMEBODY)
    remark = gitlab.discussion("why?")
    gitlab.discussions = [theirs, remark]
    post("x", environment(gitlab), suggested=[FIX])
    post("x", environment(gitlab), suggested=[])
    assert [each["notes"][0]["resolved"] for each in gitlab.discussions] == [False, False, True]


def test_a_suggestion_that_is_made_again_is_opened_again(gitlab: GitLab) -> None:
    for suggested in ([FIX], [], [FIX]):
        post("x", environment(gitlab), suggested=suggested)
    assert [each["notes"][0]["resolved"] for each in gitlab.discussions] == [False]


def test_a_suggestion_that_a_person_resolved_stays_resolved(gitlab: GitLab) -> None:
    gitlab.discussions = [gitlab.discussion(FIX.body, resolved=True, resolved_by={"id": SOMEBODY})]
    post("x", environment(gitlab), suggested=[FIX])
    assert [each["notes"][0]["resolved"] for each in gitlab.discussions] == [True]


def test_a_suggestion_of_something_else_takes_the_place_of_the_old_one(gitlab: GitLab) -> None:
    better = replace(FIX, text="  owner: team-checkout")
    for suggestion in (FIX, better):
        post("x", environment(gitlab), suggested=[suggestion])
    assert [each["notes"][0]["body"] for each in gitlab.discussions] == [better.body]


def test_a_suggestion_for_a_line_that_is_not_in_the_diff_is_left_out_silently(gitlab: GitLab) -> None:
    posted = post("x", environment(gitlab), suggested=[replace(FIX, line=99), OTHER])
    assert posted.warnings == ()
    assert [each["notes"][0]["position"]["new_line"] for each in gitlab.discussions] == [14]


def test_nothing_is_suggested_or_resolved_where_the_diff_ends_at_another_commit(gitlab: GitLab) -> None:
    gitlab.discussions = [gitlab.discussion(OTHER.body)]
    assert post("x", environment(gitlab, CI_COMMIT_SHA="0" * 40), suggested=[FIX]).warnings == ()
    assert [each["notes"][0]["resolved"] for each in gitlab.discussions] == [False]


def test_nothing_is_resolved_where_nothing_is_known_of_suggestions(gitlab: GitLab) -> None:
    gitlab.discussions = [gitlab.discussion(OTHER.body)]
    post("x", environment(gitlab), suggested=None)
    assert [each["notes"][0]["resolved"] for each in gitlab.discussions] == [False]


def test_the_note_stands_where_suggestions_fail(gitlab: GitLab) -> None:
    gitlab.faults = {"POST discussions": [403]}
    posted = post("x", environment(gitlab), suggested=[FIX])
    assert posted.url == f"{gitlab.url}/shop/orders/-/merge_requests/7#note_101"
    assert posted.warnings == (f"not all suggestions: the token may not write notes here; {RIGHTS}",)
    assert [each["author"]["id"] for each in gitlab.notes] == [ME]
