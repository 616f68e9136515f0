"""What kube-proxy does for a Service: a new connection goes to any endpoint, and stays there; news come late."""

import asyncio
import random
from contextlib import suppress
from threading import Thread


class Half(asyncio.Protocol):
    """One end of a connection; what comes in goes out at the other."""

    def __init__(self, balancer, other=None):
        self.balancer, self.other = balancer, other

    def connection_made(self, transport):
        self.transport = transport
        self.balancer.open.add(transport)

    def data_received(self, data):
        self.other.transport.write(data)

    def connection_lost(self, error):
        self.balancer.open.discard(self.transport)
        if self.other:
            self.other.transport.abort() if error else self.other.transport.close()


class Front(Half):
    """The end towards a caller."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self._early, self._ended = [], False
        self._opening = asyncio.get_running_loop().create_task(self._open())

    def data_received(self, data):
        # Python before 3.11.4 goes on reading though it was paused, so what comes early is kept here.
        if self.other:
            super().data_received(data)
        else:
            self._early.append(data)

    def eof_received(self):
        # A caller that has sent everything may still be answered.
        self._ended = True
        if self.other:
            self._end()
        return True

    def _end(self):
        with suppress(OSError):
            self.other.transport.write_eof()

    async def _open(self):
        try:
            port = self.balancer.any()
            _, other = await asyncio.get_running_loop().create_connection(
                lambda: Half(self.balancer, self), "127.0.0.1", port
            )
        except (OSError, IndexError):
            # Nobody listens there any more: the caller sees what it would without a balancer.
            self.transport.abort()
            return
        other.transport.writelines(self._early)
        self.other = other
        if self._ended:
            self._end()


class Balancer:
    """Listen on a port of its own; each change of the endpoints is known so many seconds later, from least to most."""

    def __init__(self, least, most):
        self._lag, self._endpoints, self.open = (least, most), [], set()
        self._random = random.Random(7)
        self._loop = asyncio.new_event_loop()

    def __enter__(self):
        # All of it in a thread of its own: this one may have a loop already, as a browser's driver leaves one.
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._within(self._listen())
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self._within(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _within(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _listen(self):
        return await self._loop.create_server(lambda: Front(self), "127.0.0.1", 0, backlog=1024)

    async def _close(self):
        self._server.close()
        for each in tuple(self.open):
            each.abort()
        # What was closed is reported to each in the loop's next round.
        await asyncio.sleep(0)

    def add(self, port):
        self._later(self._endpoints.append, port)

    def remove(self, port):
        self._later(self._endpoints.remove, port)

    def any(self):
        return self._random.choice(self._endpoints)

    def _later(self, change, port):
        self._loop.call_soon_threadsafe(self._loop.call_later, self._random.uniform(*self._lag), change, port)
