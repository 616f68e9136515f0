"""The command that scores files on a cluster: batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops.cli.options import CONTEXT, ROOT, TIMEOUT
from gitops.cli.progress import confirmed, working
from gitops.errors import GitopsError

if TYPE_CHECKING:
    from gitops.deployment.batch import VerifiedModel

_EXAMPLE = "Example: python -m gitops batch prod --input s3://data/customers/ --output s3://data/scored/ --workers 4"


@click.command(epilog=_EXAMPLE)
@click.argument("environment")
@click.option("--input", "source", required=True, help="A CSV or Parquet file, or a folder of them: s3://BUCKET/KEY.")
@click.option("--output", required=True, help="The folder for the answers: s3://BUCKET/KEY/.")
@click.option("--workers", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many pods at once.")
@click.option("--model", help="Which model; the environment's first one, if not given.")
@click.option(
    "--image", help="The workers' image, if it is not the repository's name with -batch and the release's tag."
)
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@click.option("--labels", is_flag=True, help="Add the titles of the predicted classes.")
@click.option("--explain", is_flag=True, help="Add the effect of each feature.")
@click.option("--yes", is_flag=True, help="Apply without a question.")
@click.option(
    "--timeout", type=TIMEOUT, metavar="SECONDS", default=86400, show_default=True, help="How long to follow the job."
)
@CONTEXT
@ROOT
def batch(environment: str, root: Path, source: str, output: str, *, yes: bool, **choice: Any) -> None:
    """Score files on S3 with the verified release of an environment.

    A Job with one index for each worker runs in the environment's namespace, with the bundle of the release. A worker
    that is killed is replaced, and goes on where it was. The same command again follows the job that runs already.
    """
    from gitops.cluster.context import choose_context
    from gitops.cluster.kubectl import Kubectl
    from gitops.deployment import batch as job

    with working() as report:
        for name, address in (("--input", source), ("--output", output)):
            if "://" not in address:
                raise GitopsError(f"{name} is a path of this machine, which no pod can see: give s3://BUCKET/KEY")
        verified = _verified(root, environment, choice["model"])
        flags = tuple(f"--{name}" for name in ("proba", "labels", "explain") if choice[name])
        folder = output if output.endswith("/") else f"{output}/"
        image = choice["image"] or job.default_image(verified)
        objects = job.objects(root, verified, job.Wanted(source, folder, choice["workers"], image, flags))
        kubectl = Kubectl(choose_context(choice["context"], confirmed))
        job.run(objects, kubectl, report, lambda: yes or confirmed("apply this?"), choice["timeout"])


def _verified(root: Path, environment: str, model: str | None) -> VerifiedModel:
    """Return what an environment's verified release scores with."""
    from gitops import models
    from gitops.deployment.batch import VerifiedModel
    from gitops.environments import load
    from gitops.render_sources import RenderSources
    from gitops.rules.signatures import key_texts

    environments = load(root)
    declared = environments.get(environment)
    sources = RenderSources(root, environments)
    release = sources.recorded_release(environment)
    if not release.exists or release.id not in sources.states[environment].verified:
        raise GitopsError(f"{environment} has no verified release: python -m gitops verify {environment}")
    there = models.in_release(root, sources.states.values(), release)
    objects = sources.render(environment)
    chosen = model or models.served(objects)[0]
    if chosen not in there:
        raise GitopsError(f"the release has no model {chosen!r}; it has {', '.join(sorted(there))}")
    keys = tuple(sorted((key_texts(objects) or {}).items()))
    return VerifiedModel(release, chosen, declared.namespace, environments.image_repository, keys)
