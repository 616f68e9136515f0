"""The private symbols of granian that the fast path needs: this fails when granian changes one of them."""

import ast
import inspect
import textwrap

import pytest
from granian import wsgi
from granian.server import mt

from api.protocols.message import Response
from api.transport import granian_internals


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_granian_still_makes_its_callbacks_through_the_hook():
    assert vars(mt)[granian_internals.HOOK] in (wsgi._callback_wrapper, granian_internals.make_callback)
    assert parameters(wsgi._callback_wrapper) == ["callback", "scope_opts", "access_log_fmt"]
    worker = ast.parse(textwrap.dedent(inspect.getsource(mt)))
    calls = [each for each in ast.walk(worker) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]
    (call,) = [each for each in calls if each.func.id == granian_internals.HOOK]
    assert [each.id for each in call.args] == ["callback", "scope_opts", "log_access_fmt"]


def test_granian_s_own_callback_still_takes_a_connection_and_a_scope():
    sent = []

    class Connection:
        def response_bytes(self, *args):
            sent.append(args)

    def application(environ, start_response):
        start_response("200 OK", [("X-Path", environ["PATH_INFO"])])
        return [b"by WSGI"]

    callback = granian_internals.granian_callback(application, {})
    assert parameters(callback.__wrapped__) == parameters(application)
    assert callback(Connection(), {"PATH_INFO": "/score"}) == 200
    assert sent == [(200, [("X-Path", "/score")], b"by WSGI")]


class Application:
    """One path is answered on the fast path, any other by WSGI."""

    def respond(self, environ):
        return Response(b"fast", 201, headers=[("X-A", "b")]) if environ["PATH_INFO"] == "/fast" else None

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [b"slow"]


@pytest.mark.parametrize(
    ("path", "expected"), [("/fast", (201, [("X-A", "b")], b"fast")), ("/other", (200, [], b"slow"))]
)
def test_the_fast_path_responds_to_the_connection_itself(path, expected):
    sent = []

    class Connection:
        def response_bytes(self, *args):
            sent.append(args)

    assert granian_internals.make_callback(Application(), {})(Connection(), {"PATH_INFO": path}) == expected[0]
    assert sent == [expected]


def test_a_granian_without_the_hook_is_reported(monkeypatch):
    monkeypatch.delitem(vars(mt), granian_internals.HOOK)
    with pytest.raises(RuntimeError, match="no _wsgi_call_wrap"):
        granian_internals.install()


def test_granian_s_server_still_has_what_ours_overrides():
    for name in ("_check_gil", "startup", "shutdown", "signal_handler_interrupt"):
        assert callable(getattr(mt.MTServer, name))
    assert parameters(mt.MTServer.startup) == ["self", "spawn_target", "target_loader"]
    assert parameters(mt.MTServer.shutdown) == ["self", "exit_code"]
    assert "_check_gil" in inspect.getsource(mt.MTServer) + inspect.getsource(mt.AbstractServer)
    assert "interrupt_signal" in inspect.getsource(mt.AbstractServer)
