"""How commands speak: options that all share, results as text or JSON, progress and errors on standard error."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from annotation.errors import InstallationError, UnreachableError, WorkbenchError


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


class Report(StrEnum):
    """Of commands that also make a page for the browser."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="AWB_CONFIG", help="TOML file of settings. Default: awb.toml in the home folder."
    ),
]
Home = Annotated[
    Path | None, typer.Option("--home", envvar="AWB_HOME", help="Folder of the embedded parts. Default: .awb")
]
Format = Annotated[Output, typer.Option("--output", "-o", help="For people, or one JSON object for programs.")]

# What the topmost package puts into the context: it opens the parts for the settings of --config and --home.
Opener = Callable[[Path | None, Path | None, Callable[[str], None]], AbstractContextManager[Any]]

INTERRUPTED = 130
TERMINATED = 143

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


@contextmanager
def opened(context: typer.Context, config: Path | None, home: Path | None) -> Iterator[Any]:
    """The opened parts, closed when the command ends."""
    opener: Opener = context.find_root().obj
    with opener(config, home, say) as parts:
        yield parts


def say(message: str) -> None:
    """A line about what is going on; results go to standard output instead."""
    _err.print(message, style="dim")


def emit(output: Output, data: Mapping[str, Any], *text: RenderableType) -> None:
    """The command's result: one JSON object, or text for a person."""
    if output is Output.JSON:
        print(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))  # noqa: T201
        return
    for part in text:
        # An address that is copied from a file or a pipe must be of one piece.
        _out.print(part, soft_wrap=not _out.is_terminal and isinstance(part, str))


def write(content: str, to: Path | None, *, option: str = "--to") -> None:
    """To a file that somebody named by ``option``, else to standard output. Errors: UnreachableError."""
    if to is None:
        print(content)  # noqa: T201
        return
    try:
        to.write_text(f"{content}\n", encoding="utf-8")
    except OSError as error:
        raise UnreachableError(f"{to} cannot be written ({error.strerror}).", cure=f"Check {option}.") from error
    say(f"Written to {to}.")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table for people; numbers are set to the right."""
    built = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for position, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[position], int | float) for row in rows)
        built.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        built.add_row(*("" if cell is None else str(cell) for cell in row))
    return built


@contextmanager
def counting(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, fed with (done, total); silent where nobody watches."""
    with _bar() as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def sharing(description: str) -> Iterator[Callable[[float], None]]:
    """The same, fed with a share between 0 and 1."""
    with _bar() as bar:
        task = bar.add_task(description, total=100)
        yield lambda share: bar.update(task, completed=round(100 * share))


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def interval(estimate: Mapping[str, Any] | None) -> str:
    """An accuracy as people read it, with its interval and the number of texts behind it."""
    if estimate is None:
        return "not measured yet"
    return (
        f"{percent(estimate['value'])} (95 % interval {percent(estimate['low'])} to {percent(estimate['high'])}, "
        f"{estimate['texts']} texts)"
    )


def run(app: Callable[[], None]) -> None:
    """Run the command line; an error of ours is told without traceback and ends with its exit code."""
    # Standard output holds results alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    # As on Ctrl-C: what was started is stopped before we go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        app()
    except WorkbenchError as error:
        _tell(error)
        sys.exit(error.exit_code)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        _tell(InstallationError(f"The system refused: {error.strerror or error}{place}.", cure="Then run it again."))
        sys.exit(InstallationError.exit_code)
    except SystemExit as ended:
        if ended.code in (INTERRUPTED, TERMINATED):
            _err.print("Stopped. Run the same command again to go on.")
        raise


def _tell(error: WorkbenchError) -> None:
    if _wants_json(sys.argv):
        content = {"error": type(error).__name__, "message": error.message, "cure": error.cure}
        print(json.dumps(content, ensure_ascii=False), file=sys.stderr)  # noqa: T201
        return
    _err.print(f"Error: {error.message}", style="bold red", markup=False)
    if error.cure:
        _err.print(error.cure, markup=False)


def _wants_json(arguments: Sequence[str]) -> bool:
    return any(
        argument in ("--output=json", "-ojson") or (argument in ("--output", "-o") and following == "json")
        for argument, following in zip(arguments, [*arguments[1:], ""], strict=True)
    )


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_err,
        transient=True,
        disable=not _err.is_terminal,
    )


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value)} has no JSON form")
