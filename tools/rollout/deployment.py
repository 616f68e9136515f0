"""What a Deployment does, with real servers: a new pod first, and an old one goes once the new one is ready."""

from contextlib import ExitStack
from signal import SIGKILL, SIGTERM
from subprocess import TimeoutExpired
from threading import Thread
from time import sleep
from urllib.parse import urlsplit

from tests.helpers.server import KUBELET, fetch, running, stderr_until_exit

GRACE = 45


def drained(pod):
    """Wait as the component `drain` does."""
    fetch(f"{pod.admin}/drain", headers=KUBELET)


def sleeping(seconds):
    """Return a hook that waits as the base does."""
    return lambda _: sleep(seconds)


class Deployment:
    """So many pods behind a balancer; before one gets its signal the hook is called, which may take its time."""

    def __init__(self, balancer, hook, pods=3, **settings):
        self._balancer, self._hook, self._wished = balancer, hook, pods
        self._settings = {"model": "iris", "log_level": "error", "max_queue_seconds": 0} | settings
        self._stack, self._pods, self._ends = ExitStack(), [], []

    def __enter__(self):
        try:
            for _ in range(self._wished):
                self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.settled()
        self._stack.close()

    def settled(self):
        """Wait until the pods that were replaced are gone."""
        for thread in self._ends:
            thread.join()

    def replace(self):
        """Put a new pod in the place of the oldest, which may take its time to go."""
        self._start()
        thread = Thread(target=self._end, args=(self._pods.pop(0),))
        thread.start()
        self._ends.append(thread)

    def _start(self):
        pod = self._stack.enter_context(running(**self._settings))
        assert "ready" in pod.first_line, stderr_until_exit(pod)
        self._pods.append(pod)
        self._balancer.add(urlsplit(pod.url).port)

    def _end(self, pod):
        # Kubernetes begins both at once, and waits with neither for the other.
        self._balancer.remove(urlsplit(pod.url).port)
        self._hook(pod)
        pod.send_signal(SIGTERM)
        try:
            pod.wait(GRACE)
        except TimeoutExpired:
            pod.send_signal(SIGKILL)
