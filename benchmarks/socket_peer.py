"""The peer of `sockets`: a websockets server that broadcasts what it reads from stdin."""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(port: int) -> None:
    """Serve; each line of stdin is a JSON list of messages for every client."""
    clients: set[ServerConnection] = set()

    async def follow(client: ServerConnection) -> None:
        clients.add(client)
        await client.wait_closed()
        clients.discard(client)

    loop = asyncio.get_running_loop()
    async with serve(follow, "127.0.0.1", port, compression=None, ping_interval=None):
        print(json.dumps({"ready": True}), flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            for message in json.loads(line):
                broadcast(clients, message)
                await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
