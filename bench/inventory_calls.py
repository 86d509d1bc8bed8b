"""Our clients beside a boto3 session for each account-region, against an endpoint that takes 30 ms."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import boto3

from bench.measure import Measurement
from inventory.aws import Clients, Credentials

LATENCY = 0.03
ACCOUNTS, REGIONS, CALLS = 10, 8, 45
LISTINGS = 15  # calls of a session that serves one account-region and is thrown away
THREADS = 48
_BODY = b"""<?xml version="1.0" encoding="UTF-8"?>
<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>
<vpcSet>%s</vpcSet></DescribeVpcsResponse>""" % b"".join(
    b"<item><vpcId>vpc-%08x</vpcId><ownerId>111111111111</ownerId><cidrBlock>10.%d.0.0/16</cidrBlock>"
    b"<state>available</state><isDefault>false</isDefault></item>" % (n, n)
    for n in range(5)
)


def calls() -> list[Measurement]:
    """Our clients beside a session for each account-region."""
    with _endpoint() as url:
        os.environ["AWS_ENDPOINT_URL"] = url
        ours = _timed(_ours())
        naive = _timed(_naive(), repeat=LISTINGS)
    said = f"{ACCOUNTS} accounts x {REGIONS} regions, {LATENCY * 1000:.0f} ms a call, same machine"
    return [
        {"name": "calls a second, one process", "value": ours[0], "unit": "1/s",
         "target": ">= 600", "conditions": f"{said}, {THREADS} threads"},
        {"name": "client CPU a call", "value": ours[1], "unit": "ms", "conditions": said},
        {"name": "calls a second, a session per account-region", "value": naive[0], "unit": "1/s",
         "conditions": f"{said}, 32 threads, {LISTINGS} calls for each session"},
        {"name": "CPU a call, a session per account-region", "value": naive[1], "unit": "ms",
         "conditions": said},
        {"name": "CPU of a session per account-region over ours", "value": naive[1] / ours[1],
         "unit": "x", "target": ">= 10", "conditions": "side by side in one run"},
    ]  # fmt: skip


def _ours() -> tuple[Callable[[int], None], int, int]:
    clients = Clients()
    places = [(f"{100 + a:012}", f"r{r}-west-1") for a in range(ACCOUNTS) for r in range(REGIONS)]
    keys = {account: Credentials(f"AKIA{account}", "secret", "token") for account, _ in places}
    for _, region in places:  # made once in the life of a process
        clients.call("ec2", region, "DescribeVpcs", credentials=keys[places[0][0]], account="warm")

    def one(number: int) -> None:
        account, region = places[number % len(places)]
        clients.call("ec2", region, "DescribeVpcs", credentials=keys[account], account=account)

    return one, len(places) * CALLS, THREADS


def _naive() -> tuple[Callable[[int], None], int, int]:
    def one(number: int) -> None:
        client = boto3.Session(aws_access_key_id=f"AKIA{number}", aws_secret_access_key="s").client(
            "ec2", region_name=f"r{number % REGIONS}-west-1"
        )
        for _ in range(LISTINGS):
            client.describe_vpcs()

    return one, ACCOUNTS * REGIONS, 32


def _timed(work: tuple[Callable[[int], None], int, int], *, repeat: int = 1) -> tuple[float, float]:
    """Calls a second, and milliseconds of CPU a call."""
    one, count, threads = work
    wall, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(count)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    made = count * repeat
    return made / wall, cpu / made * 1000


@contextmanager
def _endpoint() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.inventory_calls", "serve"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


async def serve() -> None:
    """An EC2 that always says the same, 30 ms later."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(_BODY)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                for line in request.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                await asyncio.sleep(LATENCY)
                writer.write(head + _BODY)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        print(json.dumps(calls()))
