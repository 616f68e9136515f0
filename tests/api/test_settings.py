"""Settings come from the environment alone; each bad value is one clear sentence."""

import os
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from api.settings import Settings, SettingsError, from_environment


def test_nothing_set_gives_the_defaults():
    assert from_environment({}) == Settings()


def test_everything_can_be_set(tmp_path):
    (tmp_path / "keys").write_text("from-a-file\n")
    found = from_environment(
        {
            "HOST": "127.0.0.1", "PORT": "80", "ADMIN_PORT": "81", "BUNDLES": "/b", "MODEL": "iris, wine",
            "THREADS": "2", "LOG_LEVEL": "DEBUG", "LOG_SAMPLE_RATE": "0.5", "MAX_BODY_SIZE": "512k", "MAX_ROWS": "10",
            "API_KEYS": "secret-one,secret-two", "API_KEYS_FILE": str(tmp_path / "keys"), "PUBLIC_METRICS": "on",
            "DRAIN_IDLE_SECONDS": "1.5", "DRAIN_TIMEOUT_SECONDS": "9", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
        }
    )  # fmt: skip
    assert (found.port, found.model, found.max_body_size, found.drain_idle_seconds) == (
        80,
        ("iris", "wine"),
        524_288,
        1.5,
    )
    assert found.api_keys == ("secret-one", "secret-two", "from-a-file")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "http", "must be a whole number from 1 to 65535"),
        ("PORT", "0", "must be a whole number from 1 to 65535"),
        ("ADMIN_PORT", "0", "must be a whole number from 1 to 65535"),
        ("MAX_BODY_SIZE", "٥٠٠k", "must be a number of bytes"),
        ("BODY_TIMEOUT_SECONDS", "٥", "must be a number from 1 to 600"),
        ("PORT", "70000", "must be a whole number"),
        ("ADMIN_PORT", "5000", "must differ from PORT"),
        ("MODEL", "../iris", "must be a bundle's name"),
        ("THREADS", "0", "must be a whole number from 2 to 1024"),
        ("LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
        ("MAX_BODY_SIZE", "0", "must be a number of bytes"),
        ("MAX_BODY_SIZE", "1.5m", "must be a number of bytes"),
        ("PUBLIC_METRICS", "perhaps", "must be 1 or 0"),
        ("DRAIN_TIMEOUT_SECONDS", "-1", "must be a number from 0 to 600"),
        ("API_KEYS", "", "is set but holds no key"),
        ("API_KEYS", "short", "at least 8"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "must be an http or https address"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://:4318", "must be an http or https address"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:port", "must be an http or https address"),
        ("API_KEYS_FILE", "/nowhere/keys", "/nowhere/keys cannot be read: No such file or directory"),
        ("API_KEYS_FILE", "/", "/ is not a regular file"),
        ("API_KEYS_FILE", "/dev/zero", "/dev/zero is not a regular file"),
    ],
)
def test_a_bad_value_is_a_sentence(name, value, message):
    with pytest.raises(SettingsError) as raised:
        from_environment({name: value})
    assert message in str(raised.value)
    assert str(raised.value).startswith(name)


WHOLE = {
    "PORT": (1, 65535), "ADMIN_PORT": (1, 65535), "THREADS": (2, 1024), "MAX_ROWS": (1, 10_000_000),
    "FEEDBACK_CAPACITY": (0, 1_000_000),
}  # fmt: skip


@given(name=st.sampled_from(sorted(WHOLE)), text=st.text("0159_+-.eExk \n\t\u0665\u096b\uff15\u00b2", max_size=9))
@example(name="PORT", text="\u0665\u0660\u0660\u0660")
@example(name="PORT", text="5_000")
@example(name="PORT", text="+5001")
@example(name="PORT", text=" 5001\n")
@example(name="THREADS", text="0099")
def test_a_whole_number_is_written_in_digits_of_ascii(name, text):
    low, high = WHOLE[name]
    bare = text.strip()
    # One port may not be the other's default.
    assume(bare not in ("5000", "9000"))
    if not bare:
        assert from_environment({name: text}) == Settings()
    elif re.fullmatch("[0-9]+", bare) and low <= int(bare) <= high:
        assert getattr(from_environment({name: text}), name.lower()) == int(bare)
    else:
        with pytest.raises(SettingsError) as raised:
            from_environment({name: text})
        assert str(raised.value) == f"{name} {bare!r}: must be a whole number from {low} to {high}"


def test_a_bad_key_is_not_repeated():
    with pytest.raises(SettingsError) as raised:
        from_environment({"API_KEYS": "hunter2"})
    assert "hunter2" not in str(raised.value)


def test_keys_are_read_from_a_regular_file_as_kubernetes_links_to_it(tmp_path):
    (tmp_path / "..2026_11_28").mkdir()
    (tmp_path / "..2026_11_28" / "keys").write_text("first-key\nsecond-key\n")
    (tmp_path / "..data").symlink_to("..2026_11_28")
    (tmp_path / "keys").symlink_to("..data/keys")
    assert from_environment({"API_KEYS_FILE": str(tmp_path / "keys")}).api_keys == ("first-key", "second-key")


def test_a_pipe_or_bytes_in_place_of_keys_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bytes").write_bytes(b"secret\xff")
    for name, reason in (("pipe", "is not a regular file"), ("bytes", "is not a text in UTF-8")):
        with pytest.raises(SettingsError) as raised:
            from_environment({"API_KEYS_FILE": str(tmp_path / name)})
        assert str(raised.value) == f"API_KEYS_FILE: {tmp_path / name} {reason}"


def test_all_bad_values_are_reported_at_once():
    with pytest.raises(SettingsError) as raised:
        from_environment({"PORT": "x", "THREADS": "y"})
    assert "PORT" in str(raised.value)
    assert "THREADS" in str(raised.value)
