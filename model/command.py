"""The edge of the command line: whatever a command raises becomes one sentence and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from model.bundle.files import DEFAULT_ROOT
from model.errors import message, one_line, shorten
from model.user_error import UserError

_MOST_SHOWN = 600
REFUSED, INTERRUPTED = 2, 130
INSTALL = "make setup, or pip install 'score-app[train]'"
BUNDLES = click.option(
    "--bundles",
    envvar="BUNDLES",
    show_envvar=True,
    default=DEFAULT_ROOT,
    type=click.Path(path_type=Path),
    help="The bundles' folder.",
)


class Command(click.Command):
    """A command whose failure is one sentence; --debug shows the traceback too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = "Show the traceback of an error, and warnings."
        self.params.append(click.Option(["--debug"], is_flag=True, envvar="MODEL_DEBUG", show_envvar=True, help=text))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        debug = ctx.params.pop("debug")
        _print_whatever_comes()
        try:
            with warnings.catch_warnings():
                if not debug:
                    # Estimators warn about their own insides; what matters here is proven instead.
                    warnings.simplefilter("ignore")
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except SystemExit as error:
            # So rich ends where whoever reads the output has gone.
            if isinstance(error.__context__, BrokenPipeError):
                raise
            _fail(ctx, error, debug=debug)
        except KeyboardInterrupt:
            click.echo("stopped; nothing was written", err=True)
            ctx.exit(INTERRUPTED)
        except BaseException as error:  # noqa: BLE001 - what an estimator raises has no end, SystemExit included
            _fail(ctx, error, debug=debug)


class Commands(click.Group):
    """A group of such commands."""

    command_class = Command


@contextmanager
def lasting_interrupt() -> Iterator[Callable[[], None]]:
    """Remember Ctrl-C, and give a function that raises it again: foreign code may swallow the exception.

    Python drops an exception in a callback of C code or in a destructor, and estimators bring both.
    """
    was, pressed = signal.getsignal(signal.SIGINT), False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.default_int_handler(number, frame)

    def raise_again() -> None:
        if pressed:
            raise KeyboardInterrupt

    if was is not signal.default_int_handler:
        # Whoever started the command wants no Ctrl-C here, or handles it.
        yield raise_again
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield raise_again
    finally:
        signal.signal(signal.SIGINT, was)


def _print_whatever_comes() -> None:
    """Write what a stream cannot encode as escapes: names of columns hold what they like."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(ctx: click.Context, error: BaseException, *, debug: bool) -> NoReturn:
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True)
    print_error(error)
    ctx.exit(REFUSED)


def print_error(error: BaseException) -> None:
    """Print an error as one line."""
    click.echo(f"error: {sentence(error)}", err=True)


def trained_with() -> str:
    """Return which scikit-learn a model must be trained with to be packed here."""
    try:
        here = version("scikit-learn")
    except PackageNotFoundError:
        return f"scikit-learn is not installed here: {INSTALL}."
    return f"Train the model with scikit-learn {here}, which is installed here: another one's file may not open."


def sentence(error: BaseException) -> str:
    """Return what an error says on one line that a terminal can show."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{error.name} is not installed, which this command needs: {INSTALL}"
    known = isinstance(error, UserError)
    text = shorten(message(error), _MOST_SHOWN) if known else one_line(error, _MOST_SHOWN)
    return text if known and error.__cause__ is None else f"{text} (--debug shows the traceback)"


def password_of(key: Path) -> str:
    """Return the password of an encrypted key."""
    if found := os.environ.get("MODEL_KEY_PASSWORD"):
        return found
    if not sys.stdin.isatty():
        raise UserError(f"{key} is encrypted: set MODEL_KEY_PASSWORD to its password")
    return str(click.prompt(f"Password of {key}", hide_input=True, err=True))
