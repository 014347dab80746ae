"""The HTTP session over real sockets: whole answers within a time, each request once."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
import requests

from spotify_pipeline.spotify.transport import AnswerRecorder, cause, new_session
from spotify_pipeline_tests.spotify.fake_spotify import Answer, Request, served

_LENGTH, _CHUNKED, _CLOSE = b"Content-Length: 1000\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"


@contextmanager
def speaking(write: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that writes what it likes to whoever has sent a request: its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener was closed, or the client has hung up
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.recv(65_536)
                        write(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    assert not thread.is_alive()


def dripping(header: bytes, seconds: float, bytes_: int = 1_000) -> Callable[[socket.socket], None]:
    """Write the header and then a byte now and then."""

    def write(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n")
        for _ in range(bytes_):
            time.sleep(seconds / bytes_)
            connection.sendall(b"1\r\nx\r\n" if header is _CHUNKED else b"x")
        if header is _CHUNKED:
            connection.sendall(b"0\r\n\r\n")

    return write


@pytest.mark.parametrize("header", [_LENGTH, _CHUNKED, _CLOSE], ids=["length", "chunked", "until closed"])
def test_an_answer_that_drips_is_given_up_after_a_time(header: bytes) -> None:
    start = time.monotonic()
    with speaking(dripping(header, seconds=20)) as url, new_session(0.15) as session:
        with pytest.raises(requests.ReadTimeout):
            session.get(url, timeout=10)
        assert 0.15 <= time.monotonic() - start < 5


@pytest.mark.parametrize("header", [_LENGTH, _CHUNKED, _CLOSE], ids=["length", "chunked", "until closed"])
def test_an_answer_that_comes_in_time_is_whole_however_it_comes(header: bytes) -> None:
    with speaking(dripping(header, seconds=0.05)) as url, new_session(20) as session:
        assert session.get(url, timeout=10).content == b"x" * 1_000


def test_an_answer_that_does_not_begin_is_given_up_after_the_time_between_two_bytes() -> None:
    def listen(connection: socket.socket) -> None:
        connection.recv(1)  # which ends when the client hangs up

    with speaking(listen) as url, new_session(20) as session:
        start = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            session.get(url, timeout=0.1)
        assert time.monotonic() - start < 5


def test_after_an_answer_that_was_given_up_the_session_goes_on() -> None:
    slow = iter([True, False])

    def write(connection: socket.socket) -> None:
        if next(slow):
            dripping(_LENGTH, seconds=20)(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + _LENGTH + b"\r\n" + b"x" * 1_000)

    with speaking(write) as url, new_session(0.5) as session:
        with pytest.raises(requests.ReadTimeout):
            session.get(url, timeout=10)
        assert len(session.get(url, timeout=10).content) == 1_000


def test_an_answer_that_is_cut_off_is_no_answer() -> None:
    with speaking(dripping(_LENGTH, seconds=0, bytes_=10)) as url, new_session(20) as session:
        with pytest.raises(requests.exceptions.ChunkedEncodingError) as caught:
            session.get(url, timeout=10)
        assert cause(caught.value) == "the answer was cut off"


def test_no_timer_outlives_its_answer() -> None:
    with served(lambda _: Answer(b"{}")) as url, new_session(60) as session:
        for _ in range(3):
            assert session.get(url, timeout=10).content == b"{}"
        timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
        for timer in timers:
            timer.join(5)
        assert not any(timer.is_alive() for timer in timers)


def drop(_: Request) -> Answer:
    raise requests.ConnectionError


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_error_answer_comes_back_at_once_whatever_it_says_of_waiting(status: int) -> None:
    seen: list[Request] = []

    def answering(request: Request) -> Answer:
        seen.append(request)
        return Answer(b"Oh", status, {"Retry-After": "60"})

    with served(answering) as url, new_session(20) as session:
        assert session.get(url, timeout=10).status_code == status
    assert len(seen) == 1


def test_a_request_whose_connection_is_dropped_is_not_repeated() -> None:
    seen: list[Request] = []

    def answering(request: Request) -> Answer:
        seen.append(request)
        return drop(request)

    with served(answering) as url, new_session(20) as session:
        with pytest.raises(requests.ConnectionError) as caught:
            session.get(url, timeout=10)
        assert cause(caught.value) == "no connection"
    assert len(seen) == 1


# The recorder


def test_the_newest_answer_is_recorded_once() -> None:
    with served(lambda request: Answer(request.path.encode())) as url, new_session(20) as session:
        answers = AnswerRecorder(session)
        assert answers.take() is None
        session.get(f"{url}/1", timeout=10)
        session.get(f"{url}/2", timeout=10)
        newest = answers.take()
        assert newest is not None
        assert newest.content == b"/2"
        assert answers.take() is None


def test_each_thread_has_its_own_newest_answer() -> None:
    together = threading.Barrier(4)
    with served(lambda request: Answer(request.path.encode())) as url, new_session(20) as session:
        answers = AnswerRecorder(session)

        def ask(number: int) -> bytes:
            session.get(f"{url}/{number}", timeout=10)
            together.wait(5)
            answer = answers.take()
            return answer.content if answer is not None else b""

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, range(4))) == [b"/0", b"/1", b"/2", b"/3"]
