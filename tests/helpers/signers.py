"""Keys of ssh-keygen, and a repository that names who may sign its records."""

import shutil
import subprocess

from tests.helpers.waiting import unless

FILE = ".signers"


class Keys:
    """Keys of some people, and the lines that let them sign."""

    def __init__(self, folder):
        unless(shutil.which("ssh-keygen"), "ssh-keygen is not here")
        folder.mkdir()
        self.folder = folder

    def path(self, name):
        path = self.folder / name
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return path

    def line(self, name, options='namespaces="git"'):
        kind, key, *_ = self.path(name).with_suffix(".pub").read_text().split()
        return f"{name}@example.org {options} {kind} {key}\n"


def signing(repository, keys, name):
    """Let this person's key sign what git commits."""
    settings = {"gpg.format": "ssh", "user.signingkey": keys.path(name), "commit.gpgsign": "true"}
    for key, value in settings.items():
        repository.git("config", key, str(value))


def plain(repository):
    for key in ("gpg.format", "user.signingkey", "commit.gpgsign"):
        subprocess.run(["git", "-C", repository.place, "config", "--unset", key], check=False)


def declare(repository, *lines):
    (repository.place / FILE).write_text("".join(lines))
    page = repository.place / "environments.yaml"
    if "signers:" not in page.read_text():
        page.write_text(f"signers: {FILE}\n{page.read_text()}")
    repository.commit("who may sign")


def refused(repository, *command, code=2):
    done = repository.run(*command)
    assert done.exit_code == code, done.output
    return done.output


def problems(repository):
    return repository.run("check").output
