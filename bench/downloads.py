"""Downloads that stay open: a service that sends a little of each now and then, and the clients that read it.

Run as a process of its own: `downloads.py`. It prints the service's port, reads from standard input the port of the proxy
and how many to open, prints when all are open, and at the next line ends them and prints what was met, as JSON.
"""

import asyncio
import json
import sys

PAUSE = 1.0  # seconds between two chunks of one download
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Downloads:
    def __init__(self):
        self.ending, self.open, self.chunks, self.problems = asyncio.Event(), 0, 0, {}

    def problem(self, text: str) -> None:
        self.problems[text] = self.problems.get(text, 0) + 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD)
            while not self.ending.is_set():
                writer.write(b"4\r\nmore\r\n")
                await writer.drain()
                try:
                    await asyncio.wait_for(self.ending.wait(), PAUSE)
                except TimeoutError:
                    pass
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.problem(f"the service's side: {error}")
        finally:
            writer.close()

    async def read(self, port: int) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /download HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise OSError(head.split(b"\r\n")[0].decode())
            await self.chunk(reader)
            self.open += 1
            while await self.chunk(reader):
                pass
            writer.close()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.problem(f"a download: {error or type(error).__name__}")

    async def chunk(self, reader: asyncio.StreamReader) -> bool:
        """Whether it was more than the end."""
        size = int(await reader.readuntil(b"\r\n"), 16)
        await reader.readexactly(size + 2)
        self.chunks += size > 0
        return size > 0


async def line() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def main() -> None:
    all_of_them = Downloads()
    server = await asyncio.start_server(all_of_them.serve, "127.0.0.1", 0, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    port, count = map(int, (await line()).split())
    readers = []
    for at in range(count):
        readers.append(asyncio.create_task(all_of_them.read(port)))
        if at % 50 == 49:
            await asyncio.sleep(0.02)
    while all_of_them.open + sum(all_of_them.problems.values()) < count:
        await asyncio.sleep(0.05)
    print(json.dumps({"open": all_of_them.open, "problems": all_of_them.problems}), flush=True)
    await line()
    all_of_them.ending.set()
    await asyncio.wait(readers, timeout=30)
    left = sum(not one.done() for one in readers)
    if left:
        all_of_them.problem(f"{left} downloads did not end")
    print(json.dumps({"chunks": all_of_them.chunks, "problems": all_of_them.problems}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
