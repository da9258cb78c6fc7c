"""Fixes -> the files with them made, in workers: what a stranger wrote is parsed nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from bylaw import workers
from bylaw.catalog.placeholders import UnreadableError
from bylaw.documents import load
from bylaw.documents.editing import EditError, Operation, Places, edit, value_at
from bylaw.fixes.fix import Edit, Fix, Refusal
from bylaw.sources import writing
from bylaw.sources.checkout import STDIN
from bylaw.sources.reading import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bylaw.config import LimitSettings
    from bylaw.sources.checkout import Checkout

_BATCH = 8  # files a worker gets at once
_MEMORY = 1024  # MiB
_OTHERS = "is in a file of which another fix cannot be made exactly"


def make(
    fixes: Iterable[Fix],
    checkout: Checkout,
    settings: LimitSettings,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Edit], list[Refusal]]:
    """The files with their fixes made, and the fixes that cannot be made.

    Of two fixes of one place the first is made. A file in which one of the others cannot be made exactly is left
    alone. ``progress(done, total)`` is told of files.
    """
    files, refusals = _by_file(fixes, checkout)
    edits: list[Edit] = []

    def without_lost(task: list[Any], failure: workers.Failure) -> list[list[Any]]:
        lost = max(failure.part, 0)
        refusals.extend(files[task[lost][0]].refused(f"is in a file that could not be edited: {failure.reason}"))
        return [[each for number, each in enumerate(task) if number != lost]]

    tasks = [files[path].task() for path in sorted(files)]
    done = 0
    for answers in workers.run(
        _Editing(checkout, settings),
        [tasks[start : start + _BATCH] for start in range(0, len(tasks), _BATCH)],
        jobs=jobs or workers.available(),
        bounds=workers.Bounds(settings.seconds, _MEMORY),
        on_failure=without_lost,
    ):
        for path, texts, fault in answers:
            if fault:
                refusals.extend(files[path].refused(*fault))
            else:
                before, after = (text.encode() for text in texts)
                edits.append(Edit(path, before, after, tuple(files[path].fixes)))
        done += len(answers)
        progress(done, len(tasks))
    return sorted(edits, key=lambda each: each.path), refusals


@dataclass(slots=True)
class _File:
    """The fixes of one file that do not get into one another's way."""

    path: str
    fixes: list[Fix] = field(default_factory=list)
    operations: dict[int, list[Operation]] = field(default_factory=dict)
    _places: dict[int, Places] = field(default_factory=dict)
    _known: set[tuple[int, bytes]] = field(default_factory=set)

    def add(self, fix: Fix) -> str | None:
        """Add a fix, or say why not."""
        index = fix.document.index
        same = (index, orjson.dumps(fix.operations, option=orjson.OPT_SORT_KEYS))
        if same not in self._known:
            try:
                if not self._places.setdefault(index, Places()).take(fix.operations):
                    return "is changed by another fix already: run bylaw fix again"
            except EditError as error:
                return str(error)
            self._known.add(same)
            self.operations.setdefault(index, []).extend(fix.operations)
        self.fixes.append(fix)
        return None

    def task(self) -> list[Any]:
        """What a worker is told: the path and, for each document, the operations, and what they change as it was."""
        values = {fix.document.index: fix.document.data for fix in self.fixes}
        return [
            self.path,
            [
                [index, each, [[path, _found(values[index], path)] for path in map(_changed, each)]]
                for index, each in self.operations.items()
            ],
        ]

    def refused(self, reason: str, index: int | None = None, place: str = "") -> list[Refusal]:
        """All fixes of the file, of which the one at a place is to blame; all of them where there is none."""
        blamed = [fix for fix in self.fixes if fix.document.index == index and place in fix.places]
        return [Refusal(fix, reason if fix in (blamed or self.fixes) else _OTHERS) for fix in self.fixes]


def _by_file(fixes: Iterable[Fix], checkout: Checkout) -> tuple[dict[str, _File], list[Refusal]]:
    files: dict[str, _File] = {}
    refusals = []
    for fix in fixes:
        path = fix.document.path
        if path is None:
            refusals.append(Refusal(fix, "does not stand in a file"))
        elif path == STDIN and checkout.stdin is not None:
            refusals.append(Refusal(fix, "comes from standard input"))
        elif reason := files.setdefault(path, _File(path)).add(fix):
            refusals.append(Refusal(fix, reason))
    return {path: file for path, file in files.items() if file.fixes}, refusals


def _changed(operation: Operation) -> str:
    """The place of what an operation changes."""
    path: str = operation.get("from", operation["path"])
    return path


def _found(value: Any, path: str) -> list[Any]:
    """What a path leads to, or nothing."""
    try:
        return [value_at(value, path)]
    except EditError:
        return []


def _check(value: Any, index: int, path: str, old: list[Any]) -> None:
    """Make sure that a document says in its own words, at a place, what was judged."""
    parts = path.split("/")
    for depth in range(len(parts)):
        for around in _found(value, "/".join(parts[: depth + 1])):
            if isinstance(around, dict) and len(around) == 1 and next(iter(around)).startswith("$"):
                raise EditError("comes from another file, by a placeholder", path, index)
    if _found(value, path) != old:
        raise EditError("has changed since it was read", path, index)


@dataclass(frozen=True, slots=True)
class _Editing:
    """Opens the handler: ``[path, [[index, operations, values]]]`` per file -> the texts, or why there is none."""

    checkout: Checkout
    settings: LimitSettings

    def __call__(self) -> workers.Handler:
        bounds = limits(self.settings)

        def handle(task: list[Any], mark: Callable[[int], None]) -> list[Any]:
            answers: list[Any] = []
            for number, (path, documents) in enumerate(task):
                mark(number)
                try:
                    writing.check_way(self.checkout.root, path)
                    before = self.checkout.read(path, bounds.file_bytes)
                    loaded = load(before, bounds)
                    values = {each.index: each.value for each in loaded}
                    for index, _, old in documents:
                        for place in old:
                            _check(values.get(index), index, *place)
                    wanted = {index: operations for index, operations, _ in documents}
                    after = edit(before, wanted, bounds, loaded=loaded)
                    answers.append([path, [before.decode(), after.decode()], None])
                except (UnreadableError, writing.UnwritableError) as error:
                    answers.append([path, None, [f"is in a file that {error}"]])
                except EditError as error:
                    answers.append([path, None, [str(error), error.index, error.path]])
            return answers

        return handle
