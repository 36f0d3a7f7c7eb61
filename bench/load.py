"""A load generator that costs little: one process, keep-alive connections, one request each.

`python -m bench.load PORT CONNECTIONS SECONDS` sends the request given on standard input again
and again, and prints what came of it as JSON.
"""

import json
import select
import socket
import sys
import time
from collections import Counter

WARM_UP = 0.25
"""How much longer it goes on, as a part of what counts; that comes first and is not counted."""


def run(port: int, request: bytes, *, connections: int, seconds: float) -> dict[str, object]:
    """Answered requests per second, and how often each status came."""
    poll = select.epoll()
    peers: dict[int, socket.socket] = {}
    parts: dict[int, bytes] = {}
    statuses: Counter[str] = Counter()
    for _ in range(connections):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peers[peer.fileno()] = peer
        parts[peer.fileno()] = b""
        poll.register(peer.fileno(), select.EPOLLIN)
        peer.sendall(request)
    begin = time.perf_counter() + WARM_UP * seconds
    end = begin + seconds
    # Longer where a slow machine had no time to answer anything yet.
    while (now := time.perf_counter()) < end or not statuses:
        for number, _event in poll.poll(1):
            data = parts[number] + peers[number].recv(262_144)
            if not data:
                raise ConnectionError("the server closed a connection")
            if not is_whole(data):
                parts[number] = data
                continue
            parts[number] = b""
            if now >= begin:
                statuses[data[9:12].decode()] += 1
            peers[number].sendall(request)
    for peer in peers.values():
        peer.close()
    return {"rate": statuses.total() / (now - begin), "statuses": dict(statuses)}


def is_whole(data: bytes) -> bool:
    """Whether an answer has come to its end."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = data.find(b"content-length: ", 0, head)
    if at < 0:  # A 204 has none; the servers measured here give it in every other answer.
        return True
    return len(data) >= head + 4 + int(data[at + 16 : data.index(b"\r", at)])


if __name__ == "__main__":
    port, connections, seconds = sys.argv[1:]
    outcome = run(
        int(port), sys.stdin.buffer.read(), connections=int(connections), seconds=float(seconds)
    )
    print(json.dumps(outcome))
