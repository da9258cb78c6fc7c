"""Which repository an address means, and which file of it."""

from __future__ import annotations

import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.sources import places
from tests.command import git, write

SHOP = "https://gitlab.example.com/shop/orders"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (SHOP, SHOP),
        ("https://gitlab.example.com/shop/orders.git", SHOP),
        ("https://gitlab.example.com/shop/orders/", SHOP),
        ("https://gitlab.example.com//shop//orders", SHOP),
        ("http://gitlab.example.com/shop/orders", SHOP),
        ("https://gitlab.example.com:443/shop/orders", SHOP),
        ("http://gitlab.example.com:80/shop/orders", SHOP),
        ("https://GitLab.Example.com/Shop/Orders", SHOP),
        ("https://gitlab.example.com./shop/orders", SHOP),
        ("https://gitlab-ci-token:s3cr3t@gitlab.example.com/shop/orders.git", SHOP),
        ("https://oauth2@gitlab.example.com/shop/orders", SHOP),
        ("git@gitlab.example.com:shop/orders.git", SHOP),
        ("gitlab.example.com:shop/orders.git", SHOP),
        ("git@gitlab.example.com:/shop/orders.git", SHOP),
        ("ssh://git@gitlab.example.com/shop/orders.git", SHOP),
        ("ssh://git@gitlab.example.com:2222/shop/orders.git", SHOP),
        ("git+ssh://git@gitlab.example.com/shop/orders", SHOP),
        ("git://gitlab.example.com/shop/orders.git", SHOP),
        (f"{SHOP}/-/tree/main", SHOP),
        (f"{SHOP}?tab=readme#top", SHOP),
        ("https://gitlab.example.com/shop/eu/orders", "https://gitlab.example.com/shop/eu/orders"),
        ("https://gitlab.example.com:8443/shop/orders", "https://gitlab.example.com:8443/shop/orders"),
        ("https://[2001:DB8::1]:8443/shop/orders", "https://[2001:db8::1]:8443/shop/orders"),
        ("https://example.com/gitlab/shop/orders", "https://example.com/gitlab/shop/orders"),
        ("https://bitbucket.example.com/scm/SHOP/orders.git", "https://bitbucket.example.com/shop/orders"),
        ("https://bitbucket.example.com/projects/SHOP/repos/orders", "https://bitbucket.example.com/shop/orders"),
        ("ssh://git@bitbucket.example.com:7999/shop/orders.git", "https://bitbucket.example.com/shop/orders"),
        ("https://bitbucket.example.com/users/jane/repos/orders", "https://bitbucket.example.com/~jane/orders"),
        ("https://jane@dev.azure.com/org/My%20Shop/_git/orders", "https://dev.azure.com/org/my%20shop/_git/orders"),
        ("git@ssh.dev.azure.com:v3/org/shop/orders", "https://dev.azure.com/org/shop/_git/orders"),
        ("https://org.visualstudio.com/shop/_git/orders", "https://dev.azure.com/org/shop/_git/orders"),
        (
            "https://org.visualstudio.com/DefaultCollection/shop/_git/orders",
            "https://dev.azure.com/org/shop/_git/orders",
        ),
        ("https://dev.azure.com/org/_git/orders", "https://dev.azure.com/org/orders/_git/orders"),
    ],
)
def test_a_repository_has_one_address_however_it_is_said(address: str, expected: str) -> None:
    assert places.repository(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            " ",
            "orders",
            "/srv/git/orders.git",
            "../orders",
            "C:\\orders",
            "file:///srv/git/orders.git",
            "https://",
        ),
        *(
            "https://gitlab.example.com",
            "https://gitlab.example.com/",
            "https://gitlab.example.com/a/../b",
            "https://[/a/b",
        ),
        *(
            "https://gitlab.example.com:x/a/b",
            "https://gitlab.example.com/a\nb",
            "https://gitlab.example.com/a/\udcff",
            "ftp://example.com/a/b",
        ),
    ],
)
def test_what_names_no_repository_on_a_server_is_none(address: str) -> None:
    assert places.repository(address) is None


FORMS = {
    "GitLab": "{repository}/-/blob/{branch}/{path}",
    "GitLab, folder": "{repository}/-/tree/{branch}/{path}",
    "GitLab, raw": "{repository}/-/raw/{branch}/{path}?inline=false",
    "GitHub": "{repository}/blob/{branch}/{path}",
    "GitHub, folder": "{repository}/tree/{branch}/{path}",
    "GitHub, full name of the branch": "{repository}/blob/refs/heads/{branch}/{path}",
    "Bitbucket": "{repository}/src/{branch}/{path}",
    "Gitea": "{repository}/src/branch/{branch}/{path}",
}
WITH_QUERY = {
    "Azure": "https://dev.azure.com/org/shop/_git/orders?path=/{path}&version=GB{branch}",
    "Bitbucket Server": "https://bitbucket.example.com/projects/SHOP/repos/orders/browse/{path}?at=refs%2Fheads%2F{branch}",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("branch", ["main", "feature/x", "release/1.0/fix"])
def test_a_file_is_known_by_its_address_at_every_forge(form: str, branch: str) -> None:
    url = form.format(repository=SHOP, branch=branch, path="services/cart/catalog-info.yaml")
    for said in (url, f"url:{url}"):
        assert places.path_in(said, "git@gitlab.example.com:shop/orders.git", branch, None) == (
            "services/cart/catalog-info.yaml"
        )


@pytest.mark.parametrize("form", WITH_QUERY.values(), ids=WITH_QUERY)
def test_where_the_branch_stands_apart_its_end_is_known(form: str) -> None:
    url = form.format(branch="feature%2Fx", path="cart/catalog-info.yaml")
    own = url.partition("/browse/")[0].partition("?")[0]
    assert places.path_in(url, own, "feature/x", None) == "cart/catalog-info.yaml"
    assert places.path_in(url, own, None, None) == "cart/catalog-info.yaml"
    assert places.path_in(url, own, "feature", None) is None


def test_a_branch_that_nobody_names_is_one_word() -> None:
    assert places.path_in(f"{SHOP}/-/blob/main/a/b.yaml", SHOP, None, None) == "a/b.yaml"


def test_a_file_on_another_branch_is_another_file() -> None:
    for branch in ("main", "develop", "mai", "main/a"):
        expected = "b.yaml" if branch == "main/a" else "a/b.yaml" if branch == "main" else None
        assert places.path_in(f"{SHOP}/-/blob/main/a/b.yaml", SHOP, branch, None) == expected


def test_what_leaves_the_branch_to_the_repository_is_on_the_one_asked_for() -> None:
    azure = "https://dev.azure.com/org/shop/_git/orders"
    assert places.path_in(f"{azure}?path=/a.yaml", azure, "main", None) == "a.yaml"
    assert places.path_in(f"{SHOP}/-/blob/HEAD/a.yaml", SHOP, "main", None) == "a.yaml"


@pytest.mark.parametrize(
    "other",
    [
        *(f"{SHOP}s", f"{SHOP}-2", SHOP[:-1], "https://gitlab.example.com/shop", f"{SHOP}/eu", "https://shop/orders"),
        *("https://example.com/shop/orders", "https://gitlab.example.com:8443/shop/orders", "", "not a repository"),
    ],
)
def test_a_repository_matches_as_a_whole(other: str) -> None:
    assert places.path_in(f"{SHOP}/-/blob/main/a.yaml", other, "main", None) is None
    assert places.path_in(f"{other}/-/blob/main/a.yaml", SHOP, "main", None) is None
    assert places.path_in(f"{SHOP}/-/blob/main/a.yaml", None, "main", None) is None


@pytest.mark.parametrize(
    "repository",
    [
        "https://gitlab.example.com/blob/tree",
        "https://gitlab.example.com/shop/src/raw/orders",
        "https://gitlab.example.com/shop/tree/orders",
    ],
)
def test_groups_of_gitlab_may_be_called_like_what_stands_before_a_branch(repository: str) -> None:
    assert places.path_in(f"{repository}/-/blob/main/src/a.yaml", repository, "main", None) == "src/a.yaml"


def test_a_folder_of_github_may_be_called_like_what_stands_before_a_branch_of_gitlab() -> None:
    url = "https://github.com/shop/orders/blob/main/-/blob/a.yaml"
    assert places.path_in(url, "https://github.com/shop/orders", "main", None) == "-/blob/a.yaml"


def test_a_raw_file_of_github_is_one_of_its_repository() -> None:
    url = "https://raw.githubusercontent.com/shop/orders/main/a/b.yaml"
    assert places.path_in(url, "git@github.com:shop/orders.git", "main", None) == "a/b.yaml"


@pytest.mark.parametrize("written", ["a%20b/%C3%A9.yaml", "a b/é.yaml", "a%20b//%c3%a9.yaml", "a%20b/é.yaml/"])
def test_a_path_may_be_written_with_percent_signs(written: str) -> None:
    assert places.path_in(f"{SHOP}/-/blob/main/{written}", SHOP, "main", None) == "a b/é.yaml"


@pytest.mark.parametrize(
    "path", ["../a.yaml", "a/../../b.yaml", "%2e%2e/a.yaml", "a%2F..%2Fb.yaml", "./a.yaml", "%00", "", "/"]
)
def test_no_path_leads_out_of_the_repository(path: str) -> None:
    assert places.path_in(f"{SHOP}/-/blob/main/{path}", SHOP, "main", None) is None


@pytest.mark.parametrize(
    "url", ["file:{}/a/b.yaml", "file://{}/a/b.yaml", "file:{}/c/../a/b.yaml", "file:{}//a/./b.yaml"]
)
def test_a_file_of_the_machine_counts_inside_the_checkout(url: str) -> None:
    assert places.path_in(url.format("/srv/shop"), None, None, "/srv/shop") == "a/b.yaml"
    assert places.path_in(url.format("/srv/shop"), SHOP, "main", Path("/srv/shop")) == "a/b.yaml"
    for root in (None, "/srv/sho", "/srv/shop/c", "/srv/shop/a/b.yaml", "/srv/other"):
        assert places.path_in(url.format("/srv/shop"), None, None, root) is None


@pytest.mark.parametrize(
    "url", ["file:a/b.yaml", "file:", "file:/srv/shop", "file:/srv/shop/../other/a.yaml", "file:/srv/shop/\0"]
)
def test_a_path_that_does_not_lead_into_the_checkout_is_none(url: str) -> None:
    assert places.path_in(url, None, None, "/srv/shop") is None


STEPS = st.text(string.ascii_lowercase + string.digits + "._", min_size=1, max_size=8).filter(
    lambda step: step.strip(".") and not step.endswith(".git") and step not in {"scm", "repos", "projects", "users"}
)
ODD_STEPS = st.text(min_size=1, max_size=8).filter(
    lambda step: step not in {".", ".."} and "/" not in step and "\0" not in step and step.isprintable()
)


@given(
    form=st.sampled_from(sorted(FORMS.values())),
    group=st.lists(STEPS, min_size=2, max_size=2),
    branch=st.lists(STEPS, min_size=1, max_size=3),
    path=st.lists(ODD_STEPS, min_size=1, max_size=4),
)
def test_every_path_comes_back_from_its_address(
    form: str, group: list[str], branch: list[str], path: list[str]
) -> None:
    repository, on = f"https://git.example.com/{'/'.join(group)}", "/".join(branch)
    url = form.format(repository=repository, branch=on, path="/".join(quote(step, safe="") for step in path))
    if group[1] not in {"blob", "tree", "raw", "edit", "blame", "src"} and branch[0] not in {"branch", "tag", "commit"}:
        assert places.path_in(url, repository, on, None) == "/".join(path)
        assert places.path_in(url, f"{repository}x", on, None) is None


@given(st.text() | st.from_regex(r"(?:https?|ssh)://\S*/\S*/\S*|\S+@\S+:\S+|file:\S*|url:\S*", fullmatch=True))
def test_no_text_is_too_strange(text: str) -> None:
    found = places.repository(text)
    assert found is None or places.repository(found) == found
    place = places.place(text)
    assert place is None or (places.repository(place.repository) == place.repository and place.path)
    path = places.path_in(text, place.repository if place else None, None, "/srv")
    assert path is None or {"", ".", ".."}.isdisjoint(path.split("/"))


@given(user=STEPS, password=STEPS, scheme=st.sampled_from(["https", "http", "ssh", "git+https"]))
def test_credentials_are_never_kept(user: str, password: str, scheme: str) -> None:
    address = f"{scheme}://{user}:s3cret{password}@git.example.com/shop/orders"
    assert places.repository(address) == "https://git.example.com/shop/orders"
    assert places.without_credentials(address) == f"{scheme}://git.example.com/shop/orders"
    place = places.place(f"{address}/-/blob/main/a.yaml")
    assert place == places.Place("https://git.example.com/shop/orders", None, "main/a.yaml")


@pytest.mark.parametrize(
    "text", ["", "a checkout", f"{SHOP}/-/blob/main/@a/b@c.yaml", "git@gitlab.example.com:shop/orders"]
)
def test_a_text_without_credentials_stays_as_it_is(text: str) -> None:
    assert places.without_credentials(text) == text


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = write(tmp_path.resolve() / "here", {"a.yaml": ""})
    git(folder, "init", "-q")
    return folder


def test_a_checkout_is_of_what_its_remote_origin_says(checkout: Path) -> None:
    assert places.of_checkout(checkout, {}) is None
    git(checkout, "remote", "add", "origin", "https://gitlab-ci-token:s3cr3t@gitlab.example.com/shop/orders.git")
    assert places.of_checkout(checkout, {}) == SHOP


def test_ci_knows_better_of_the_folder_that_it_has_checked_out(checkout: Path) -> None:
    git(checkout, "remote", "add", "origin", "http://runner.internal:8080/shop/orders.git")
    gitlab = {"CI_PROJECT_DIR": str(checkout), "CI_PROJECT_URL": SHOP}
    github = {
        "GITHUB_WORKSPACE": str(checkout),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "Shop/Orders",
    }
    assert places.of_checkout(checkout, gitlab) == SHOP
    assert places.of_checkout(checkout, github) == "https://github.com/shop/orders"
    assert places.of_checkout(checkout, {**gitlab, "CI_PROJECT_DIR": "/elsewhere"}) == (
        "https://runner.internal:8080/shop/orders"
    )


def test_a_folder_inside_a_repository_is_not_the_repository(checkout: Path) -> None:
    git(checkout, "remote", "add", "origin", SHOP)
    write(checkout, {"inner/a.yaml": ""})
    assert places.of_checkout(checkout / "inner", {}) is None
