"""A folder that nothing may be read outside of."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bylaw.catalog.placeholders import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

STDIN = "-"
_LONGEST = 4096  # characters of a path; Linux opens nothing that is longer
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


@dataclass(frozen=True, slots=True)
class Checkout:
    """A root folder; all paths are relative to it, with forward slashes.

    ``stdin`` holds the bytes of the document ``-``, where there is one, and ``overlay`` texts that are read in
    place of those of files, by their paths without links.
    """

    root: Path
    stdin: bytes | None = None
    overlay: Mapping[str, bytes] = field(default_factory=dict, hash=False)

    @classmethod
    def around(cls, path: Path, stdin: bytes | None = None) -> Checkout:
        """The checkout that a path belongs to.

        The git work tree around it; else the current folder, if the path is in it; else the path itself. A
        link that leads out of the checkout around the current folder still belongs to that: it is not followed.
        """
        here = Path.cwd().resolve()
        around_here = work_tree(here) or here
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(around_here) and Path(os.path.normpath(here / path)).is_relative_to(around_here):
            return cls(around_here, stdin)
        root = work_tree(target)
        if root is None and target.is_relative_to(here):
            root = here
        if root is None:
            root = target if is_folder(target) else target.parent
        return cls(root, stdin)

    def beside(self, path: str, target: str) -> str:
        """The path that ``target`` means in the file ``path``; ``/x`` counts from the root, as in Backstage.

        Raises:
            UnreadableError: it leads out of the checkout, or cannot be a path.
        """
        if "\0" in target:
            raise UnreadableError("holds a NUL character")
        if len(target) > _LONGEST:
            raise UnreadableError(f"has {len(target):,} characters, and no path has more than {_LONGEST:,}")
        folder = "" if target.startswith("/") else path.rpartition("/")[0]
        steps: list[str] = []
        for step in f"{folder}/{target}".split("/"):
            if step in {"", "."}:
                continue
            if step != "..":
                steps.append(step)
            elif steps:
                steps.pop()
            else:
                raise UnreadableError(f"names {target}, which leaves the checkout")
        return "/".join(steps)

    def stands(self, path: str) -> Literal["file", "folder"] | None:
        """What stands at the path, if anything does; ``read`` says whether it may be read.

        Of what lies outside nothing is told: a link that leaves the checkout is a file, wherever it leads.
        """
        real = self._real(path)
        if not real.is_relative_to(self.root):
            return "file"
        try:
            (self.root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return "file"
        return "folder" if is_folder(real) else "file"

    def read(self, path: str, most: int) -> bytes:
        """The bytes of a file of the checkout.

        Raises:
            UnreadableError: it is not there, no regular file, larger than ``most`` bytes, not readable, or
                a symbolic link that leads out of the checkout.
        """
        if path == STDIN and self.stdin is not None:
            return self.stdin
        real = self._real(path)
        if not real.is_relative_to(self.root):
            raise UnreadableError("is a symbolic link that leaves the checkout")
        laid_over = self.overlay.get(real.relative_to(self.root).as_posix()) if self.overlay else None
        return self._bytes(real, most) if laid_over is None else laid_over

    def files(self) -> Collection[str] | None:
        """The paths of all files, where that is known without looking around (see ``Listing``)."""
        return None

    def is_link(self, path: str) -> bool:
        """Whether a symbolic link stands at the path itself."""
        return (self.root / path).is_symlink()

    def _bytes(self, real: Path, most: int) -> bytes:
        """What ``read`` says of a path without links that lies inside."""
        try:
            handle = os.open(real, _FLAGS)
        except OSError as error:
            raise UnreadableError(f"cannot be opened ({_words(error)})") from None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
                raise UnreadableError(f"is {kind}, expected a file")
            if status.st_size > most:
                raise too_large(status.st_size, most)
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read(most + 1)
        except OSError as error:
            raise UnreadableError(f"cannot be read ({_words(error)})") from None
        finally:
            os.close(handle)

    def _real(self, path: str) -> Path:
        place = self.root / path
        try:
            real = Path(os.path.realpath(place))
            if real != place:
                place.stat()
        except RecursionError:  # a thousand links, each to the next: the system does not follow them either
            return place
        except OSError as error:
            return place if error.errno == errno.ELOOP else real
        return real


def work_tree(path: Path) -> Path | None:
    """The git work tree around a path: the nearest folder with a ``.git``."""
    return next((folder for folder in (path, *path.parents) if os.path.lexists(folder / ".git")), None)


def is_folder(path: str | Path) -> bool:
    """Whether a folder stands there."""
    return os.path.isdir(path)  # noqa: PTH112  (Path.is_dir raises for a name that is too long)


def too_large(size: int, most: int) -> UnreadableError:
    """That a file is larger than one may be."""
    return UnreadableError(f"has {size:,} bytes, the limit is {most:,} (catalog.limits.file_bytes)")


def _words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
