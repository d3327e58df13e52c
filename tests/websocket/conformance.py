"""conformance.py ECHO: Autobahn's cases (RFC 6455), as kosoku runs them, against tests/src/bin/web_socket.rs in both roles.

Left out are compression (12, 13), which neither side offers (docs/protocol.md section 1), and what is longer than the longest message, 65,536 bytes:
those cases want back what a conforming peer may refuse (RFC 6455 section 10.4). Everything else runs, and nothing fails.
"""

import asyncio
import collections
import contextlib
import os
import sys

from kosoku import FailureError, run_fuzzingclient, run_fuzzingserver

# 9.1 and 9.2: one message of up to 16 MiB; only the first of each fits. 9.3 to 9.6: 4 MiB in pieces.
TOO_LONG = [f"9.{group}.{case}" for group in (1, 2) for case in range(2, 7)] + ["9.3.*", "9.4.*", "9.5.*", "9.6.*"]
LEFT_OUT = [*TOO_LONG, "12.*", "13.*"]
# So many are left; another number means that something was not run.
CASES = 261
PATIENCE_S = 300


async def end(process):
    with contextlib.suppress(ProcessLookupError):   # it has ended by itself
        process.kill()
    await process.wait()


async def server(echo: str):
    """The suite is the client."""
    process = await asyncio.create_subprocess_exec(echo, "server", stdout=asyncio.subprocess.PIPE)
    try:
        address = (await process.stdout.readline()).decode().strip()
        return await run_fuzzingclient(address, None, LEFT_OUT, concurrency=2)
    finally:
        await end(process)


async def client(echo: str):
    """The suite is the server."""
    async with run_fuzzingserver(None, LEFT_OUT, host="127.0.0.1", port=0) as suite:
        process = await asyncio.create_subprocess_exec(echo, "client", f"{suite.address}:{suite.port}", stdout=asyncio.subprocess.DEVNULL)
        try:
            return await suite.get_result()
        finally:
            await end(process)


def judge(role: str, results) -> bool:
    counts = collections.Counter(result.behavior.value for result in results)
    bad = [result for result in results if not result.passed]
    for result in bad:
        print(f"websocket: {role}: case {result.case_id}: {result.behavior.value}, closing {result.behavior_close.value}", file=sys.stderr)
    if len(results) != CASES:
        print(f"websocket: {role}: {len(results)} cases ran, and {CASES} should", file=sys.stderr)
    print(f"websocket: {role}: {len(results)} cases, {len(bad)} failed: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return not bad and len(results) == CASES


async def main(echo: str) -> int:
    fine = True
    for role in (server, client):
        try:
            results = await asyncio.wait_for(role(echo), PATIENCE_S)
        except FailureError as failure:
            results = failure.results
        fine = judge(role.__name__, results) and fine
    return 0 if fine else 1


if __name__ == "__main__":
    verdict = asyncio.run(main(sys.argv[1]))
    sys.stdout.flush()
    # Threads of the runner may outlive the interpreter, and abort it at its end.
    os._exit(verdict)
