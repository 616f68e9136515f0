"""Why the cluster refuses a request, in a sentence with the next command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from gitops.errors import GitopsError

_GONE = re.compile(
    r"connection refused|unable to connect|i/o timeout|no such host|no route to host|network is unreachable"
    r"|TLS handshake|server is currently unable|was refused|connection reset|\bEOF\b",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(r"unauthorized|must be logged in|asked for the client to provide credentials", re.IGNORECASE)
GONE = "kubectl cluster-info shows whether it is there; what was applied before stays"


def of_kubectl(verb: str, text: str) -> str:
    """Return why kubectl failed, from what it wrote."""
    shown = " ".join(text.split())[:500]
    if found := re.search(r'no matches for kind "(\w+)" in version "([^"]+)"', text):
        return (
            f"the cluster has no kind {found[1]} ({found[2]}), so nothing of that kind can be applied: "
            "install what defines it, or take the component that needs it out of the overlay"
        )
    if found := re.search(r"exceeded quota: ([^,\s]+)", text):
        return f"the quota {found[1]} is used up: kubectl describe quota -A ({shown})"
    if re.search(r"\(Forbidden\)|is forbidden", text):
        return f"this account may not do that: {shown}; kubectl auth can-i --list shows what it may do"
    if _ACCOUNT.search(text):
        return f"the cluster does not accept this account: log in again, or choose another --context ({shown})"
    if _GONE.search(text):
        return f"the cluster does not answer: {shown}; {GONE}"
    return f"kubectl {verb}: {shown}"


@contextmanager
def reported(rights: str) -> Iterator[None]:
    """Turn what the API refuses, or its absence, into one sentence."""
    try:
        yield
    except (ApiException, HTTPError) as error:
        raise GitopsError(_of_api(error, rights)) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # What is no object of Kubernetes fails wherever it is first used.
        raise GitopsError(f"the cluster does not answer as Kubernetes does ({type(error).__name__})") from None


def _of_api(error: ApiException | HTTPError, rights: str) -> str:
    if isinstance(error, ApiException) and error.status == 403:
        return f"this account has not all rights that are needed: {_message(error)}; {rights}"
    if isinstance(error, ApiException) and error.status == 401:
        return f"the cluster does not accept this account: log in again, or choose another --context ({error.reason})"
    reason = getattr(error, "reason", None) or error
    return f"the cluster does not answer: {' '.join(str(reason).split())[:200]}; {GONE}"


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, LookupError, TypeError):
        return str(error.reason)
