"""Commit a plan: one commit that is pushed to the branch, or a branch of its own for a pull request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitops.environments import FILE, Environments
from gitops.errors import GitopsError
from gitops.plan import Plan, Planner
from gitops.repository import PushError, Repository

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
    for _ in range(TRIES):
        plan = make(Planner(repository, environments))
        if plan is None:
            _require_pushed(repository, branch, push=push)
            return None
        done = _commit(repository, plan)
        if not (push and repository.remote):
            return plan, done
        try:
            repository.push(branch)
        except PushError as error:
            repository.undo_commit()
            _retry_allowed(repository, branch, plan, error)
        else:
            return plan, done
    raise GitopsError(f"others pushed {TRIES} times meanwhile, and nothing was changed: try again")


def _require_pushed(repository: Repository, branch: str, *, push: bool) -> None:
    if push and repository.remote and (number := repository.ahead(branch)):
        raise GitopsError(
            f"this is committed already, but {repository.remote} lacks {number} commit of {branch}: git push"
        )


def _retry_allowed(repository: Repository, branch: str, plan: Plan, error: PushError) -> None:
    """Fast-forward to what others pushed; refuse if there is nothing new, or if it changed the plan's files."""
    changed = repository.fast_forward(branch, [*plan.files, repository.root / FILE])
    if changed is None:
        raise GitopsError(f"nothing was changed: {error}") from None
    if changed:
        raise GitopsError(
            f"somebody else has changed {changed[0]} meanwhile, and nothing was changed: look at it, then try again"
        ) from None


def propose(repository: Repository, environments: Environments, plan: Plan) -> str:
    """Commit a plan to a branch of its own, push that, and write the text of its pull request to build/."""
    branch = plan.branch
    if repository.git("rev-parse", "-q", "--verify", f"refs/heads/{branch}", check=False):
        raise GitopsError(f"there is a branch {branch} already: merge it, or git branch -D {branch}")
    repository.git("switch", "--quiet", "-c", branch)
    proposed = False
    try:
        _commit(repository, plan)
        if repository.remote:
            repository.push(branch)
        proposed = True
    finally:
        repository.git("switch", "--quiet", "--discard-changes", environments.branch)
        if not proposed:
            repository.git("branch", "--quiet", "-D", branch)
    body = repository.root / BODY
    body.parent.mkdir(exist_ok=True)
    body.write_text(_body(plan))
    return branch


def _commit(repository: Repository, plan: Plan) -> str:
    """Write the files of a plan and commit them; if that fails, restore everything."""
    try:
        for path, text in plan.files.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return repository.commit(list(plan.files), plan.subject, plan.trailers)
    except (GitopsError, OSError) as error:
        repository.restore(list(plan.files))
        reason = error.strerror if isinstance(error, OSError) else error
        raise GitopsError(f"nothing was changed: {reason}") from None


def _body(plan: Plan) -> str:
    changes = "\n".join(f"- `{each}`" for each in plan.changes)
    trailers = "\n".join(f"{key}: {value}" for key, value in plan.trailers.items())
    return f"""## {plan.subject}

Rendered, this changes in {plan.environment}:

{changes}

No rule is broken, and nothing but the image changes. After the merge: `python -m gitops verify {plan.environment}`.

```
{trailers}
```
"""
