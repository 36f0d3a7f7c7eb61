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

WARM_UP = 0.5
"""Seconds that are not counted."""


def run(port: int, request: bytes, *, connections: int, seconds: float) -> dict[str, object]:
    """Requests per second, latencies in milliseconds, and how often each status came."""
    poll = select.epoll()
    peers: dict[int, socket.socket] = {}
    parts: dict[int, bytes] = {}
    sent: dict[int, float] = {}
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    answered = 0
    clock = time.perf_counter
    for _ in range(connections):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peers[peer.fileno()] = peer
        parts[peer.fileno()] = b""
        poll.register(peer.fileno(), select.EPOLLIN)
    for number, peer in peers.items():
        sent[number] = clock()
        peer.sendall(request)
    begin = clock() + WARM_UP
    end = begin + seconds
    cpu = None
    while (now := clock()) < end:
        if cpu is None and now >= begin:
            cpu = time.process_time()
        for number, _event in poll.poll(1):
            data = parts[number] + peers[number].recv(262_144)
            if not data:
                raise ConnectionError("the server closed a connection")
            if not _is_whole(data):
                parts[number] = data
                continue
            parts[number] = b""
            answered += 1
            done = clock()
            if done >= begin:
                latencies.append(done - sent[number])
                statuses[data[9:12].decode()] += 1
            sent[number] = clock()
            peers[number].sendall(request)
    used = time.process_time() - (cpu or 0.0)
    for peer in peers.values():
        peer.close()
    latencies.sort()
    return {
        "rate": len(latencies) / seconds,
        "answered": answered,
        "p50": 1000 * latencies[len(latencies) // 2],
        "p99": 1000 * latencies[len(latencies) * 99 // 100],
        "statuses": dict(statuses),
        "generator": used / seconds,
    }


def _is_whole(data: bytes) -> bool:
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
