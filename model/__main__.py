"""python -m model: train, add, sign, check, list, card, score, push, log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from model.batch.cli import score
from model.bundle import files as bundle
from model.command import BUNDLES, Commands, lasting_interrupt, password_of, print_error, trained_with
from model.prediction_log.cli import log
from model.user_error import UserError

if TYPE_CHECKING:
    from model.bundle.manifest import Manifest
    from model.signing.keys import PublicKeys

TYPES = ("string", "number", "integer", "boolean", "date", "category")
SIGN = "openssl ecparam -name prime256v1 -genkey -noout -out PRIVATE.pem && python -m model sign iris --key PRIVATE.pem"
ADD = "python -m model add churn.pkl --data customers.csv --target left --name customers"
SAMPLES = ("iris", "wine", "purchase", "churn", "echo")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train or import a scikit-learn model, pack it as a bundle, and verify it."""


@main.command(epilog="Example: python -m model train iris")
@click.argument("name", type=click.Choice(SAMPLES))
@click.option("--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The real rows, for wine.")
@BUNDLES
def train(name: str, data: Path | None, bundles: Path) -> None:
    """Train a sample model and pack it."""
    with _progress(name) as say:
        from model.packing.train import train as train_sample  # noqa: PLC0415 - imports scikit-learn

        manifest = train_sample(name, bundles, say, data)
    _show(manifest)


@main.command(epilog=f"{trained_with()}\n\nExample: {ADD}")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Rows like those that the model was trained on: CSV, or with their types Parquet, Feather, a pickled frame.",
)
@click.option(
    "--target", "targets", multiple=True, help="A column of --data with the right answers, to judge the model by."
)
@click.option("--types", multiple=True, metavar="COLUMN=TYPE", help=f"A column's type in training: {', '.join(TYPES)}.")
@click.option(
    "--code",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A Python file or folder of your own that the model imports; packed with it.",
)
@click.option("--requires", multiple=True, metavar="PACKAGE==VERSION", help="A library: pinned, and installed here.")
@click.option(
    "--trust", multiple=True, metavar="TYPE", help="A type of a file of skops that skops does not know, and you do."
)
@click.option("--lean", is_flag=True, help="Ship the compiled copy even where it is slower than scikit-learn.")
@click.option(
    "--log",
    multiple=True,
    metavar="FEATURE=RULE",
    help="What the prediction log does with a feature: keep, hash or drop; * is any other one.",
)
@click.option("--name", help="The bundle's name; the file's, if not given.")
@click.option("--replace", is_flag=True, help="Overwrite a bundle of that name.")
@BUNDLES
def add(
    file: Path, data: Path, targets: tuple[str, ...], types: tuple[str, ...], log: tuple[str, ...], name: str | None,
    bundles: Path, *, replace: bool, **more: Any,
) -> None:  # fmt: skip
    """Import a fitted estimator: a file of joblib, pickle, skops, XGBoost or CatBoost, or a folder of MLflow."""
    from model.packing.importing.file_kinds import find_saved  # noqa: PLC0415 - imports yaml

    name = name or re.sub(r"[^a-z0-9]+", "-", file.absolute().name.split(".")[0].lower()).strip("-")
    saved = find_saved(file)
    if saved.runs_code or more["code"] or more["trust"]:
        click.echo(
            f"warning: opening {file} runs the code in it; go on only if you trust where it comes from", err=True
        )
    with _progress(name) as say:
        from model.packing.add import Request  # noqa: PLC0415 - imports scikit-learn
        from model.packing.add import add as add_model  # noqa: PLC0415
        from model.packing.log_rules import parse_rules  # noqa: PLC0415
        from model.packing.types import parse_wishes  # noqa: PLC0415

        wanted = Request(saved, data, name, targets, parse_wishes(types), replace, log=parse_rules(log), **more)
        manifest = add_model(wanted, bundles, say)
    _show(manifest)
    click.echo(f"next: {_serving(name, bundles)}")


def _serving(name: str, bundles: Path) -> str:
    """Return the command that serves a bundle."""
    folder = "" if bundles == bundle.DEFAULT_ROOT else f"BUNDLES={quote(str(bundles))} "
    return f"{folder}MODEL={name} {'make run' if Path('Makefile').is_file() else 'python -m api'}"


@main.command(epilog=f"Example: {SIGN}")
@click.argument("name")
@click.option(
    "--key",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The private key: a PEM file with an EC key on the curve P-256, P-384 or P-521.",
)
@BUNDLES
def sign(name: str, key: Path, bundles: Path) -> None:
    """Sign a bundle with a private key: write model.sig beside its files.

    A server with the public key in MODEL_KEYS serves signed bundles only. The password of an encrypted key is read from
    MODEL_KEY_PASSWORD, or asked for. The format is that of OpenSSF's model-signing, whose `model_signing verify key`
    verifies the same file.
    """
    from model.signing.bundles import sign as sign_bundle  # noqa: PLC0415 - imports cryptography
    from model.signing.keys import private_key  # noqa: PLC0415

    manifest = sign_bundle(bundles, name, private_key(key, partial(password_of, key))).manifest
    click.echo(f"signed {name} {manifest.version}: {bundles / name / bundle.SIGNATURE}")


@main.command(epilog="Example: python -m model check iris")
@click.argument("names", nargs=-1)
@click.option(
    "--keys",
    "place",
    type=click.Path(exists=True, path_type=Path),
    help="Refuse a bundle that none of these keys has signed: a PEM file of public keys, or a folder of such files.",
)
@BUNDLES
def check(names: tuple[str, ...], place: Path | None, bundles: Path) -> None:
    """Verify bundles: digests, library versions, golden rows, compiled copy, and with --keys signatures."""
    names = names or tuple(bundle.names(bundles))
    if not names:
        raise UserError(f"there is no bundle in {bundles}")
    keys = None
    if place is not None:
        from model.signing.keys import public_keys  # noqa: PLC0415 - imports cryptography

        keys = public_keys(place)
    good = [_is_good(bundles, name, keys) for name in names]
    click.get_current_context().exit(0 if all(good) else 1)


def _is_good(bundles: Path, name: str, keys: PublicKeys | None) -> bool:
    """Verify one bundle and print what was found."""
    from model.check import check_bundle  # noqa: PLC0415 - imports numpy

    try:
        click.echo(check_bundle(bundles, name, keys))
    except UserError as error:
        print_error(error)
        return False
    return True


@main.command("list")
@BUNDLES
def list_(bundles: Path) -> None:
    """Show the bundles in a table."""
    from model.card.console import print_list  # noqa: PLC0415 - imports rich

    print_list([bundle.read(bundles, name).manifest for name in bundle.names(bundles)])


@main.command(epilog="Example: python -m model card iris --html iris.html")
@click.argument("name")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with figures to this file.")
@BUNDLES
def card(name: str, html: Path | None, bundles: Path) -> None:
    """Show what a model is and how good it is."""
    manifest = bundle.read(bundles, name).manifest
    if html is None:
        from rich.console import Console  # noqa: PLC0415

        from model.card.terminal import text  # noqa: PLC0415

        Console().print(text(manifest))
        return
    from model.card.page import html as page  # noqa: PLC0415

    html.write_text(page(manifest), encoding="utf-8")
    click.echo(f"wrote {html}")


main.add_command(score)


@main.command(epilog="Example: python -m model push iris ghcr.io/me/score-app-iris")
@click.argument("name")
@click.argument("repository", metavar="REGISTRY/NAME")
@BUNDLES
def push(name: str, repository: str, bundles: Path) -> None:
    """Push a bundle as an image of its own, which a cluster mounts.

    The same bundle is the same image on every machine: its digest says what is in it. The access to the registry is the
    one of `docker login`.
    """
    from model.oci.image import image_of  # noqa: PLC0415

    image = image_of(bundle.read(bundles, name), bundle.read_signature(bundles, name))
    from model.oci.registry import push as push_image  # noqa: PLC0415

    click.echo(f"pushed {push_image(image, repository)}")
    click.echo(f"next: python -m gitops release --model {name}@{image.digest}")


main.add_command(log)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done, on one line of a terminal or a line each elsewhere."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    with lasting_interrupt() as raise_again, ExitStack() as stack:
        show: Callable[[str], None] = partial(click.echo, err=True)
        if console.is_terminal:
            show = stack.enter_context(console.status(f"{name}: starting")).update

        def say(text: str) -> None:
            raise_again()
            show(f"{name}: {text}")

        yield say


def _show(manifest: Manifest) -> None:
    from model.card.console import print_result  # noqa: PLC0415

    print_result(manifest)


if __name__ == "__main__":
    main(prog_name="python -m model")
