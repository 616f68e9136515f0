"""Write what was planned: one commit, pushed to the branch or proposed on one of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitops.errors import GitopsError
from gitops.moves import Mover, Plan
from gitops.repo import PushError, Repo
from gitops.stages import FILE, Stages

Make = Callable[[Mover], Plan | None]
TRIES = 3
BODY = Path("build") / "pull-request.md"


def carry_out(repo: Repo, stages: Stages, make: Make, *, push: bool) -> tuple[Plan, str] | None:
    """Plan a move, commit it and push it; None if there is nothing to do.

    Where somebody else pushed meanwhile, all is checked and planned once more on top of that, but only if it touched
    nothing of this environment: what was looked at when this was asked for must still be so.
    """
    for _ in range(TRIES):
        plan = make(Mover(repo, stages))
        if plan is None:
            if push and repo.remote and (number := repo.ahead(stages.branch)):
                raise GitopsError(
                    f"that is done here already, but {repo.remote} lacks {number} commit of {stages.branch}: git push"
                )
            return None
        commit = _committed(repo, plan)
        if not (push and repo.remote):
            return plan, commit
        try:
            repo.push(stages.branch)
        except PushError as error:
            repo.undo_commit()
            touched = repo.follow(
                stages.branch, [*(str(path.relative_to(repo.root)) for path in plan.files), str(FILE)]
            )
            if touched is None:
                raise GitopsError(f"nothing was written: {error}") from None
            if touched:
                raise GitopsError(
                    f"somebody else was faster and changed {touched[0]}; nothing was written: look, then again"
                ) from None
        else:
            return plan, commit
    raise GitopsError(f"others pushed {TRIES} times meanwhile, and nothing was written: try again")


def propose(repo: Repo, stages: Stages, plan: Plan) -> str:
    """Commit a plan on a branch of its own and push that; what a reviewer should read is left in build/."""
    branch = plan.slug
    if repo.git("rev-parse", "-q", "--verify", f"refs/heads/{branch}", check=False):
        raise GitopsError(f"there is a branch {branch} already: merge it, or git branch -D {branch}")
    repo.git("switch", "--quiet", "-c", branch)
    proposed = False
    try:
        _committed(repo, plan)
        if repo.remote:
            repo.push(branch)
        proposed = True
    finally:
        repo.git("switch", "--quiet", "--discard-changes", stages.branch)
        if not proposed:
            repo.git("branch", "--quiet", "-D", branch)
    body = repo.root / BODY
    body.parent.mkdir(exist_ok=True)
    body.write_text(_body(plan))
    return branch


def _committed(repo: Repo, plan: Plan) -> str:
    """Write the files of a plan and commit them; what cannot be done leaves all as it was."""
    try:
        for path, text in plan.files.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return repo.commit(list(plan.files), plan.subject, plan.trailers)
    except (GitopsError, OSError) as error:
        repo.restore(list(plan.files))
        said = error.strerror if isinstance(error, OSError) else error
        raise GitopsError(f"nothing was written: {said}") from None


def _body(plan: Plan) -> str:
    shown = "\n".join(f"- `{each}`" for each in plan.changes)
    trailers = "\n".join(f"{key}: {value}" for key, value in plan.trailers.items())
    return f"""## {plan.subject}

Rendered, this changes in {plan.environment}:

{shown}

Every rule is kept, and nothing but the image changes. After the merge: `python -m gitops verify {plan.environment}`.

```
{trailers}
```
"""
