"""The stages of a request, the same for every transport and every protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import inf
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from api.errors import ApiError, as_api_error
from api.inference.answers import max_values_per_row
from api.inference.models import Models
from api.limits.concurrency_limit import SAMPLED
from api.limits.large_request_slots import LARGE_REQUEST
from api.limits.large_responses import LARGE_RESPONSE
from api.limits.request_cost import ANSWER_VALUE, FREE_ANSWER_VALUES, uncounted_body
from api.limits.request_limits import RequestLimits
from api.pipeline.exchange import Exchange
from api.pipeline.recorder import Recorder
from api.pipeline.request_id import ID_HEADER, accepted_id, new_prefix
from api.protocols.form_file import file_of_upload
from api.protocols.json_codec import encode_json
from api.protocols.message import Response
from api.protocols.operation import Operation
from api.settings import Settings
from api.telemetry.logs import Log
from api.telemetry.metrics import Metrics
from model.runtime.base import Model, RefusedRow
from model.schema.signature import SignatureError

if TYPE_CHECKING:
    from api.telemetry.tracing import Tracing

_INTERNAL_ERROR = ApiError(500, "internal", "internal server error; the log has the details")
Stage = Callable[[Exchange], None]


@dataclass
class ServerState:
    """What changes while a server runs."""

    draining: bool = False
    last_request: float = -inf


class Service:
    """Answer requests: each is an Exchange that passes through a list of stages."""

    def __init__(
        self, settings: Settings, models: Models, metrics: Metrics, log: Log, tracing: Tracing | None = None
    ) -> None:
        self.settings, self.models, self.metrics, self.log = settings, models, metrics, log
        self.state = ServerState()
        self.limits = RequestLimits(settings, metrics.in_flight)
        self._tracing = tracing
        self._recorder = Recorder(settings, models, metrics, log, tracing)
        self._record = self._recorder.record
        self._load, self._cpu, self._in_flight = self.limits.load, self.limits.load.cpu, metrics.in_flight
        self._needs_key, self._read = self.limits.needs_key, self.limits.bodies.read
        # Bound once: a request needs each of them.
        self._next_number, self._id_prefix = count(1).__next__, new_prefix()
        self._arrive, self._leave = metrics.in_flight.append, metrics.in_flight.pop
        self._uncounted_body = uncounted_body(max(map(max_values_per_row, models.by_name.values())))

        arrive: tuple[Stage, ...] = (self.identify, self.start_trace, self.admit, self.receive)
        if tracing is None:
            arrive = (self.identify, self.admit, self.receive)
        self.prediction: tuple[Stage, ...] = (*arrive, self.decode, self.predict, self.encode)
        self.information: tuple[Stage, ...] = (*arrive, self.respond)

    def handle(self, exchange: Exchange) -> Response:
        """Return the response to a request; whatever goes wrong is a response too."""
        stages = self.prediction if exchange.route.operation is not None else self.information
        try:
            for stage in stages:
                stage(exchange)
        except (ApiError, SignatureError, RefusedRow) as error:
            # Nothing here may keep the error: its traceback holds the whole body, and would hold it until the next
            # collection of cycles.
            self._respond_with(exchange, as_api_error(error))
        except Exception:  # noqa: BLE001 - our own fault, whose text must not leave
            self._recorder.internal_error(exchange)
            exchange.response = self.render_error(exchange, _INTERNAL_ERROR)
        response = self.record(exchange)
        if exchange.memory or len(response.body) > LARGE_RESPONSE:
            self._release_memory(exchange, response)
        return response

    def _release_memory(self, exchange: Exchange, response: Response) -> None:
        """Give the request's memory back, but for what a large response takes until it is sent."""
        exchange.body, exchange.question, exchange.answers = b"", None, None
        if exchange.is_large:
            self.limits.large.release()
        try:
            response.pieces = self.limits.release_memory(exchange.memory, response.body)
        except ApiError as error:
            refused = self.render_error(exchange, error)
            response.status, response.body, response.headers = refused.status, refused.body, refused.headers
        if response.pieces is not None:
            response.headers = [*response.headers, ("Content-Length", str(len(response.body)))]
            response.body = b""

    def _respond_with(self, exchange: Exchange, error: ApiError) -> None:
        """Set the response to a refused request."""
        exchange.error_code = error.code
        if error.model_error is not None:
            self._recorder.model_error(exchange, error.model_error)
        self.metrics.record_rejection(exchange.route.path, error.code)
        exchange.response = self.render_error(exchange, error)

    def handle_unmatched(self, exchange: Exchange, error: ApiError) -> Response:
        """Refuse a request that no route matches: counted, but not logged, since scanners send many."""
        self.identify(exchange)
        response = self.render_error(exchange, error)
        self._leave()
        self.metrics.record_request(exchange.route.key, response.status, 0.0)
        return self._with_headers(exchange, response)

    def identify(self, exchange: Exchange) -> None:
        """Give the request an id, and start its clock."""
        exchange.started = perf_counter()
        self._arrive(None)
        number = exchange.number = self._next_number()
        exchange.id = f"{self._id_prefix}{number:x}"
        if ID_HEADER in exchange.environ:
            exchange.id = accepted_id(exchange.environ[ID_HEADER]) or exchange.id

    def start_trace(self, exchange: Exchange) -> None:
        """Start the span of a scoring request."""
        if exchange.route.scoring and self._tracing is not None:
            exchange.trace = self._tracing.start(exchange.route.method, exchange.route.path, exchange.environ)

    def admit(self, exchange: Exchange) -> None:
        """Refuse a scoring request without a key, or while the server is overloaded."""
        if exchange.route.scoring and (
            self._needs_key or self._load.overloaded or len(self._in_flight) > self._cpu.limit
        ):
            if self._needs_key:
                self.limits.keys.require(exchange.api_key())
            self._load.require_capacity()

    def receive(self, exchange: Exchange) -> None:
        """Read the body, now that its sender may send one."""
        route = exchange.route
        if route.method == "POST":
            exchange.body, exchange.memory = self._read(exchange.environ, public=not route.scoring)
            # While it was read, others may have been taken, who were not waiting for theirs.
            if exchange.memory and route.scoring:
                self._load.require_capacity(has_body=True)
            if exchange.memory > LARGE_REQUEST:
                self._begin_large(exchange)
            if not exchange.number & SAMPLED and route.scoring:
                exchange.cpu_started = thread_time()
            if route.upload:
                exchange.body = file_of_upload(exchange)

    def decode(self, exchange: Exchange) -> None:
        """Find the model, and turn the request into a question."""
        route = exchange.route
        model = exchange.model
        if model is None:
            model = exchange.model = route.find_model(self.models, exchange, exchange.names)  # type: ignore[misc]
        if exchange.trace is not None:
            exchange.trace.start_decode()
            model = exchange.model = exchange.trace.observe(model)
        exchange.question = route.operation.decode(model, exchange)  # type: ignore[union-attr]

    def predict(self, exchange: Exchange) -> None:
        """Answer the question with the model."""
        operation: Operation = exchange.route.operation  # type: ignore[assignment]
        model: Model = exchange.model  # type: ignore[assignment]
        if len(exchange.body) >= self._uncounted_body:
            self._take_answer_memory(exchange, operation.count_values(model, exchange.question))
        try:
            exchange.answers = operation.predict(self.models, model, exchange.question)
        except (ApiError, SignatureError, RefusedRow) as error:
            raise operation.adapt_error(as_api_error(error), model, exchange.question) from None

    def _take_answer_memory(self, exchange: Exchange, values: int) -> None:
        if values <= FREE_ANSWER_VALUES:
            return
        cost = values * ANSWER_VALUE
        self.limits.budget.acquire(cost, before=exchange.memory, wait=0)
        exchange.memory += cost
        if exchange.memory > LARGE_REQUEST and not exchange.is_large:
            self._begin_large(exchange)

    def _begin_large(self, exchange: Exchange) -> None:
        self.limits.large.acquire()
        exchange.is_large = True

    def encode(self, exchange: Exchange) -> None:
        """Turn the answers into a response."""
        encode = exchange.route.operation.encode  # type: ignore[union-attr]
        exchange.response = encode(exchange.model, exchange.question, exchange.answers)  # type: ignore[arg-type]

    def respond(self, exchange: Exchange) -> None:
        """Respond without a model."""
        handler = exchange.route.handler
        assert handler is not None  # noqa: S101 - a route has an operation or a handler
        if not exchange.route.document:
            exchange.response = handler(self.models, exchange, **exchange.names)
            return
        with self.limits.documents.acquire():
            exchange.response = handler(self.models, exchange, **exchange.names)

    def record(self, exchange: Exchange) -> Response:
        """Count, trace and log the request, and return its response with the headers that all have."""
        response = exchange.response
        assert response is not None  # noqa: S101 - the last stage or render_error has set it
        self._leave()
        if exchange.cpu_started:
            self._cpu.record(thread_time() - exchange.cpu_started)
        if exchange.route.scoring:
            self.state.last_request = exchange.started
        self._record(exchange, response)
        return self._with_headers(exchange, response)

    def close(self) -> None:
        """Write what is not written yet."""
        self._recorder.close()

    def render_error(self, exchange: Exchange, error: ApiError) -> Response:
        """Return an error in the protocol's shape, or as a page."""
        route = exchange.route
        headers: tuple[tuple[str, str], ...] = ()
        if error.status == 401:
            headers = (("WWW-Authenticate", "Bearer" if route.error_page is None else 'Basic realm="score-app"'),)
        elif error.status == 503:
            headers = (("Retry-After", "1"),)
        if route.error_page is not None and error.status != 500:
            response = route.error_page(self.models, exchange, error)
            response.headers = [*response.headers, *headers]
            return response
        body = encode_json(route.protocol.render_error(error, exchange.id))
        return Response(body, int(error.status), headers=headers)

    def _with_headers(self, exchange: Exchange, response: Response) -> Response:
        headers = [("Content-Type", response.content_type), ("X-Request-ID", exchange.id), *response.headers]
        if self.state.draining:
            # A kept-alive connection would soon be closed; after this header the client opens another elsewhere.
            headers.append(("Connection", "close"))
        response.headers = headers
        return response
