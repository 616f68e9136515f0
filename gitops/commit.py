"""Commit a plan: one commit that is pushed to the branch, or a branch of its own for a pull request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitops import text_files
from gitops.environments import FILE, Environments
from gitops.errors import GitopsError
from gitops.escaping import code_block, code_span
from gitops.history import History
from gitops.plan import Plan
from gitops.planner import Planner
from gitops.repository import PushError, Repository
from gitops.signers import Signers

MakePlan = Callable[[Planner], Plan | None]
TRIES = 3
BODY = Path("build") / "pull-request.md"


def commit(
    repository: Repository, environments: Environments, make: MakePlan, *, push: bool
) -> tuple[Plan, str] | None:
    """Make a plan, commit it and push it; return the plan and the commit, or None if there is nothing to do.

    If somebody else has pushed meanwhile, the plan is made once more on top of that, but only if none of the plan's
    files has changed: what was looked at before the command must still be so.
    """
    branch = environments.branch
    remote = repository.remote(branch) if push else ""
    for _ in range(TRIES):
        plan = make(Planner(repository, environments))
        if plan is None:
            _require_pushed(repository, remote, branch)
            return None
        done = _commit(repository, plan)
        if not remote:
            return plan, done
        try:
            repository.push(remote, branch)
        except PushError as error:
            repository.undo_commit(done)
            _retry_allowed(repository, remote, branch, plan, error)
        else:
            return plan, done
    raise GitopsError(f"others pushed {TRIES} times meanwhile, and nothing was changed: try again")


def _require_pushed(repository: Repository, remote: str, branch: str) -> None:
    if remote and (number := repository.ahead(remote, branch)):
        raise GitopsError(
            f"this is committed already, but {remote} lacks {number} commit of {branch}: git push {remote} {branch}"
        )


def _retry_allowed(repository: Repository, remote: str, branch: str, plan: Plan, error: PushError) -> None:
    """Fast-forward to what others pushed; refuse if there is nothing new, or if it changed the plan's files."""
    changed = repository.fast_forward(remote, branch, [*plan.files, *plan.depends, repository.root / FILE])
    if changed is None:
        raise GitopsError(f"nothing was changed: {error}") from None
    if changed:
        raise GitopsError(
            f"somebody else has changed {changed[0]} meanwhile, and nothing was changed: look at it, then try again"
        ) from None


def propose(repository: Repository, environments: Environments, plan: Plan, *, push: bool) -> str:
    """Commit a plan to a branch of its own, push that, and write the text of its pull request to build/."""
    branch = plan.branch
    remote = repository.remote(environments.branch) if push else ""
    if repository.git("rev-parse", "-q", "--verify", f"refs/heads/{branch}", check=False):
        raise GitopsError(f"there is a branch {branch} already: merge it, or git branch -D {branch}")
    body = repository.root / BODY
    body.parent.mkdir(exist_ok=True)
    repository.git("switch", "--quiet", "--no-track", "-c", branch, f"refs/heads/{environments.branch}")
    proposed = False
    try:
        _commit(repository, plan)
        if remote:
            _push_new(repository, remote, branch)
        proposed = True
    finally:
        repository.git("switch", "--quiet", "--discard-changes", environments.branch)
        if not proposed:
            repository.git("branch", "--quiet", "-D", branch)
    text_files.write(body, _body(plan))
    return branch


def _push_new(repository: Repository, remote: str, branch: str) -> None:
    """Push a branch that the remote should not have yet."""
    try:
        repository.push(remote, branch)
    except PushError:
        if not repository.has_branch(remote, branch):
            raise
        raise GitopsError(
            f"{remote} has a branch {branch} already, by somebody who has proposed the same: merge it, or "
            f"git push {remote} --delete {branch}"
        ) from None


def _commit(repository: Repository, plan: Plan) -> str:
    """Write the files of a plan and commit them; if that fails, restore everything."""
    signers = Signers(History(repository))
    signers.require(*plan.environments_read)
    before = {path: path.read_bytes() if path.exists() else None for path in plan.files}
    try:
        for path, text in plan.files.items():
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            text_files.write(path, text)
        done = repository.commit(list(plan.files), plan.subject, plan.trailers, sign=bool(signers.file))
        _require_own(repository, signers, done)
    except (GitopsError, OSError) as error:
        repository.discard_changes()
        _restore(before)
        reason = error.strerror if isinstance(error, OSError) else error
        raise GitopsError(f"nothing was changed: {reason}") from None
    return done


def _require_own(repository: Repository, signers: Signers, commit: str) -> None:
    """Undo a commit whose signature the others would refuse."""
    try:
        signers.require_own(commit)
    except GitopsError:
        repository.undo_commit(commit)
        raise


def _restore(before: dict[Path, bytes | None]) -> None:
    """Restore files that git does not restore: those that it does not know, or that a link leads to."""
    for path, content in before.items():
        if content is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def _body(plan: Plan) -> str:
    changes = "\n".join(f"- {code_span(str(each))}" for each in plan.changes)
    trailers = "\n".join(f"{key}: {value}" for key, value in plan.trailers.items())
    return f"""## {plan.subject}

Rendered, this changes in {plan.environment}:

{changes}

No rule is broken. After the merge: `python -m gitops verify {plan.environment}`.

{code_block(trailers)}"""
