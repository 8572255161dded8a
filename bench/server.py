"""Answers like many vLLM servers at once: each path is one server, and each answer a step further than the one before.

Run as `python -m bench.server STEPS`: prints its port, and ends when its standard input closes. Bodies are made ahead
and compressed ahead, as a server would that is asked for gzip; `/answered` says how many were given.
"""

import asyncio
import gzip
import sys
from collections import Counter

from bench.exposition import CONTENT_TYPE, exposition


class Server:
    """Plain HTTP/1.1 with kept connections, and nothing more than a client that behaves needs."""

    def __init__(self, steps: int) -> None:
        self.answers = [
            (_answer(body), _answer(gzip.compress(body, 6), "gzip")) for body in map(exposition, range(steps))
        ]
        self.step_of: Counter[bytes] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answer(head))
                await writer.drain()
                if b"connection: close" in head.lower():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        if path == b"/answered":
            return _answer(str(self.step_of.total()).encode())
        step = self.step_of[path] % len(self.answers)
        self.step_of[path] += 1
        return self.answers[step][b"gzip" in head]


def _answer(body: bytes, encoding: str = "identity") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Encoding: {encoding}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def main(steps: int) -> None:
    listening = await asyncio.start_server(Server(steps).serve, "127.0.0.1", 0, backlog=1024)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
