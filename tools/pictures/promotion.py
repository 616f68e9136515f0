"""Run the commands of a promotion in a new repository and an imitation of a cluster, and draw what they print."""

import hashlib
import io
import os
import re
import shutil

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from model.bundle.files import read
from tests.gitops.fake_cluster import NAMESPACE, FakeCluster, apply, reach, serving
from tests.helpers.manifests import ROOT
from tests.helpers.repository import Repository, git
from tests.helpers.sample import sample

GOOD, BAD = (f"{tag}@sha256:{hashlib.sha256(tag.encode()).hexdigest()}" for tag in ("1.4.2", "1.5.0"))
COLUMNS = 110


class Environment(FakeCluster):
    """The imitation of a cluster, in any namespace."""

    def answer(self, path):
        return super().answer(re.sub(r"/namespaces/mlops-\w+", f"/namespaces/{NAMESPACE}", path))


def promotion(scratch):
    """Return the picture of a release that is promoted, and of one that is rolled back."""
    cluster = Environment(GOOD.partition("@")[2], read(ROOT / "model" / "bundles", "iris").manifest)
    good = cluster.predictions
    with serving(cluster) as config:
        (scratch / "config").write_text(config)
        os.environ["KUBECONFIG"] = str(scratch / "config")
        repository = new_repository(scratch, cluster)
        shown = [run(repository, f"release {GOOD}")]
        apply(cluster, repository.place)
        shown += [
            run(repository, "verify dev"),
            run(repository, "promote dev staging"),
            run(repository, "promote staging prod"),
            run(repository, f"release {BAD}"),
        ]
        apply(cluster, repository.place)
        cluster.digest, cluster.predictions = BAD.partition("@")[2], good[::-1]
        shown += [
            run(repository, "verify dev --auto-rollback"),
            run(repository, f"release {BAD}"),
            run(repository, "status"),
        ]
    return terminal(shown, "score-app: dev, staging, prod")


def new_repository(scratch, cluster):
    """Return a repository with a remote, which holds the manifests and a model."""
    place = scratch / "clone"
    place.mkdir()
    sample(place, "base", "components", "overlays", "rendered", "environments.yaml")
    reach(cluster, place)
    shutil.copytree(ROOT / "model/bundles/iris", place / "model/bundles/iris")
    (place / "promotions").mkdir()
    git(scratch, "init", "-q", "--bare", "-b", "main", str(scratch / "remote.git"))
    git(place, "init", "-q", "-b", "main")
    git(place, "config", "user.email", "someone@example.org")
    git(place, "config", "user.name", "Someone")
    git(place, "remote", "add", "origin", str(scratch / "remote.git"))
    found = Repository(place)
    found.run("generate")
    found.commit("initial")
    git(place, "fetch", "-q", "origin")
    return found


def run(repository, command):
    """Run a command, and return it with what it prints."""
    # What the imitation does not have now it will never have.
    more = ("--timeout", "0") if command.startswith("verify") else ()
    return command, repository.run(*command.split(), *more).output


def terminal(shown, title):
    """Return a picture of a terminal, without the fonts that would be fetched from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    for command, output in shown:
        console.print(f"$ python -m gitops {command}", style="bold", highlight=False)
        console.print(output, highlight=False, markup=False)
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title=title, code_format=form, unique_id="promotion")
