"""The fault proxy before a server that gives back what it gets."""

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.fault_proxy import (
    AMQP_PUBLISH,
    POSTGRES_COMMIT,
    Cut,
    Direction,
    FaultProxy,
)
from tests.services.waiting import wait_until

SECONDS_MAX = 20.0
# Long enough for bytes to arrive that should not.
QUIET_SECONDS = 0.2


class Echo(socketserver.ThreadingTCPServer):
    """Gives back what it gets and remembers it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.received = b""
        self.endings: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class EchoHandler(socketserver.BaseRequestHandler):
    server: Echo

    def handle(self) -> None:
        try:
            while data := self.request.recv(65_536):
                self.server.received += data
                self.request.sendall(data)
        except ConnectionError:
            self.server.endings.append("reset")
        else:
            self.server.endings.append("closed")


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        yield server
        server.shutdown()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy("127.0.0.1", echo.server_address[1]) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with connect(proxy) as client:
        yield client


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=SECONDS_MAX)


def ask(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    return receive(client, len(text))


def receive(client: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size and (data := client.recv(size - len(got))):
        got += data
    return got


def hears_nothing(client: socket.socket) -> bool:
    client.settimeout(QUIET_SECONDS)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(SECONDS_MAX)
    return False


def test_everything_passes_both_ways_until_told_otherwise(
    client: socket.socket, proxy: FaultProxy
) -> None:
    text = bytes(range(256)) * 4_000

    threading.Thread(target=client.sendall, args=(text,)).start()

    assert receive(client, len(text)) == text
    assert proxy.bytes_passed(Direction.UP) == len(text)
    assert wait_until(
        lambda: proxy.bytes_passed(Direction.DOWN) == len(text), SECONDS_MAX
    )


def test_the_end_of_a_connection_passes_too(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    client.sendall(b"last")
    client.shutdown(socket.SHUT_WR)

    assert receive(client, 5) == b"last"
    assert wait_until(lambda: echo.endings == ["closed"], SECONDS_MAX)
    assert wait_until(lambda: proxy.connections_now == 0, SECONDS_MAX)


def test_connections_are_counted(proxy: FaultProxy) -> None:
    with connect(proxy) as first, connect(proxy) as second:
        ask(first, b"1")
        ask(second, b"2")
        assert proxy.connections_now == 2
    assert wait_until(lambda: proxy.connections_now == 0, SECONDS_MAX)
    with connect(proxy) as third:
        ask(third, b"3")

    assert proxy.connections_total == 3
    assert proxy.connections_max == 2


def test_refused_clients_cannot_connect_and_others_go_on(
    client: socket.socket, proxy: FaultProxy
) -> None:
    ask(client, b"before")

    proxy.refuse()

    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    assert ask(client, b"still") == b"still"
    proxy.heal()
    with connect(proxy) as other:
        assert ask(other, b"again") == b"again"


def test_reset_is_seen_by_both_sides_and_new_clients_are_served(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    ask(client, b"before")

    proxy.reset_all()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert wait_until(lambda: echo.endings == ["reset"], SECONDS_MAX)
    assert proxy.connections_now == 0
    with connect(proxy) as other:
        assert ask(other, b"after") == b"after"


def test_a_reset_by_the_client_reaches_the_server_as_one(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    ask(client, b"before")

    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()

    assert wait_until(lambda: echo.endings == ["reset"], SECONDS_MAX)


def test_a_server_that_is_down_resets_clients(proxy: FaultProxy, echo: Echo) -> None:
    echo.shutdown()
    echo.server_close()

    with pytest.raises(ConnectionResetError), connect(proxy) as client:
        client.recv(1)


def test_a_blackhole_up_keeps_bytes_from_the_server_and_hands_them_on_later(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    proxy.blackhole(Direction.UP)

    client.sendall(b"held")

    assert hears_nothing(client)
    assert echo.received == b""
    proxy.heal()
    assert receive(client, 4) == b"held"


def test_a_blackhole_down_lets_the_server_work_and_loses_the_answer_meanwhile(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    proxy.blackhole(Direction.DOWN)

    client.sendall(b"done")

    assert wait_until(lambda: echo.received == b"done", SECONDS_MAX)
    assert hears_nothing(client)
    proxy.heal()
    assert receive(client, 4) == b"done"


def test_a_blackhole_hides_the_end_of_a_connection(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    ask(client, b"before")
    proxy.blackhole()

    client.close()

    time.sleep(QUIET_SECONDS)
    assert echo.endings == []
    assert proxy.connections_now == 1
    proxy.heal()
    assert wait_until(lambda: echo.endings == ["closed"], SECONDS_MAX)


def test_a_reset_gets_out_of_a_blackhole(
    client: socket.socket, proxy: FaultProxy
) -> None:
    ask(client, b"before")
    proxy.blackhole()

    proxy.reset_all()

    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_latency_holds_each_way(client: socket.socket, proxy: FaultProxy) -> None:
    ask(client, b"before")
    proxy.slow(latency_seconds=0.3)

    start = time.monotonic()
    for _ in range(20):
        client.sendall(b"x")
        time.sleep(0.01)
    answer = receive(client, 20)
    took = time.monotonic() - start

    assert answer == b"x" * 20
    assert took >= 0.6


def test_a_rate_holds_each_way(client: socket.socket, proxy: FaultProxy) -> None:
    proxy.slow(bytes_per_second=10_000)

    start = time.monotonic()
    answer = ask(client, b"x" * 5_000)

    assert answer == b"x" * 5_000
    assert time.monotonic() - start >= 0.5


def test_slices_arrive_whole(client: socket.socket, proxy: FaultProxy) -> None:
    proxy.slow(slice_bytes=3)
    text = bytes(range(256))

    assert ask(client, text) == text


def test_a_cut_before_the_pattern_delivers_what_stands_before_it(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    proxy.cut_at(re.compile(b"COMMIT"), Cut.BEFORE)

    client.sendall(b"INSERT;COMMIT;SELECT;")

    with pytest.raises(ConnectionResetError):
        receive(client, 100)
    assert wait_until(lambda: echo.endings == ["reset"], SECONDS_MAX)
    assert echo.received == b"INSERT;"
    assert proxy.cuts == 1


def test_a_cut_after_the_pattern_delivers_it_and_nothing_more(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    proxy.cut_at(re.compile(b"COMMIT"), Cut.AFTER)

    client.sendall(b"INSERT;COMMIT;SELECT;")

    with pytest.raises(ConnectionResetError):
        receive(client, 100)
    assert wait_until(lambda: echo.endings == ["reset"], SECONDS_MAX)
    assert echo.received == b"INSERT;COMMIT"


def test_a_cut_on_the_answer_hands_on_earlier_answers(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    proxy.cut_at(re.compile(b"COMMIT"), Cut.ANSWER)
    assert ask(client, b"INSERT;") == b"INSERT;"

    client.sendall(b"COMMIT;SELECT")

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    # An echo answers the first piece that it sees; a server answers whole commands.
    assert echo.received.startswith(b"INSERT;COMMI")


def test_a_pattern_is_found_across_chunks(
    client: socket.socket, proxy: FaultProxy, echo: Echo
) -> None:
    proxy.cut_at(re.compile(b"COMMIT"), Cut.AFTER)
    assert ask(client, b"COM") == b"COM"

    client.sendall(b"MIT")

    with pytest.raises(ConnectionResetError):
        receive(client, 100)
    assert wait_until(lambda: echo.endings == ["reset"], SECONDS_MAX)
    assert echo.received == b"COMMIT"


def test_only_so_many_connections_are_cut(proxy: FaultProxy) -> None:
    proxy.cut_at(re.compile(b"COMMIT"), Cut.AFTER, times=2)

    for _ in range(2):
        with connect(proxy) as client, pytest.raises(ConnectionResetError):
            receive(client, ask(client, b"COMMIT").count(b"C") + 100)

    with connect(proxy) as client:
        assert ask(client, b"COMMIT") == b"COMMIT"
    assert proxy.cuts == 2


@pytest.mark.parametrize("where", [Cut.BEFORE, Cut.AFTER])
@settings(max_examples=30, deadline=None)
@given(before=st.binary(max_size=40), after=st.binary(max_size=40), cut=st.data())
def test_the_server_gets_exactly_what_stands_before_the_cut(
    where: Cut, before: bytes, after: bytes, cut: st.DataObject
) -> None:
    mark = b"<COMMIT>"
    before, after = before.replace(b"<", b""), after.replace(b"<", b"")
    with Echo() as echo, FaultProxy("127.0.0.1", echo.server_address[1]) as proxy:
        proxy.cut_at(re.compile(re.escape(mark)), where)
        with connect(proxy) as client:
            client.sendall(before + mark + after)
            assert wait_until(lambda: len(echo.endings) == 1, SECONDS_MAX)
        echo.shutdown()

    assert echo.received == before + (mark if where is Cut.AFTER else b"")


def test_a_closed_proxy_leaves_no_thread_and_no_connection(echo: Echo) -> None:
    threads = threading.active_count()
    proxy = FaultProxy("127.0.0.1", echo.server_address[1])
    with connect(proxy) as client:
        ask(client, b"before")

        proxy.close()
        proxy.close()

        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    assert wait_until(lambda: threading.active_count() <= threads, SECONDS_MAX)


def test_an_address_keeps_all_but_its_place(proxy: FaultProxy) -> None:
    url = "amqp://guest:s%40ecret@broker.example:5672/town%2F1?heartbeat=5"

    through = proxy.instead_of(url)

    place = f"127.0.0.1:{proxy.port}"
    assert through == url.replace("broker.example:5672", place)


@pytest.mark.parametrize(
    ("pattern", "data"),
    [
        (POSTGRES_COMMIT, b"Q\0\0\0\x0bCOMMIT\0"),
        (POSTGRES_COMMIT, b"P\0\0\0\x0e\0COMMIT\0\0\0"),
        (POSTGRES_COMMIT, b"P\0\0\0\x11_p3\0COMMIT\0\0\0"),
        (AMQP_PUBLISH, b"\x01\0\x01\0\0\0\x0a\0\x3c\0\x28\0\0\0\x01q\0\xce"),
    ],
)
def test_a_known_pattern_finds_what_it_is_named_after(
    pattern: re.Pattern[bytes], data: bytes
) -> None:
    assert pattern.search(data)


@pytest.mark.parametrize(
    ("pattern", "data"),
    [
        (POSTGRES_COMMIT, b"Q\0\0\0\x15SELECT 'COMMIT'\0"),
        (AMQP_PUBLISH, b"\x01\0\x01\0\0\0\x0d\0\x3c\0\x50"),
    ],
)
def test_a_known_pattern_passes_over_what_only_looks_like_it(
    pattern: re.Pattern[bytes], data: bytes
) -> None:
    assert not pattern.search(data)
