#!/usr/bin/env python3
"""Many TCP sessions that are only asked now and then.

sessions.py serve PORT                echoes every line that it gets
sessions.py hold HOST PORT COUNT      opens COUNT sessions and says "open N"; then, for each line on standard input, sends one on every
                                      session and says "alive N of COUNT" when all have answered or ten seconds have passed
"""
import asyncio
import resource
import sys


def many_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(port):
    async def echo(reader, writer):
        try:
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, port=port, backlog=4096)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


async def hold(host, port, count):
    gate = asyncio.Semaphore(200)

    async def connect():
        async with gate:
            try:
                return await asyncio.wait_for(asyncio.open_connection(host, port), 10)
            except (OSError, asyncio.TimeoutError):
                return None

    sessions = [s for s in await asyncio.gather(*(connect() for _ in range(count))) if s]
    print(f"open {len(sessions)}", flush=True)

    async def ask(session, line):
        reader, writer = session
        try:
            writer.write(line)
            return await asyncio.wait_for(reader.readline(), 10) == line
        except (OSError, asyncio.TimeoutError):
            return False

    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        answers = await asyncio.gather(*(ask(s, line) for s in sessions))
        print(f"alive {sum(answers)} of {count}", flush=True)


many_files()
if sys.argv[1] == "serve":
    asyncio.run(serve(int(sys.argv[2])))
else:
    asyncio.run(hold(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
