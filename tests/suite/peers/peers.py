"""Peers that nobody here wrote: `grpcio` and `websockets`, each as a service and as a client. A service prints its port;
a client prints `ok` when all was as it should be, and fails else."""

import asyncio
import sys
import threading
import time
from concurrent import futures


def grpc_service():
    import grpc

    def unary(request, context):
        context.set_trailing_metadata((("x-trail", "yes"), ("x-more", "1")))
        return request

    def left(request, context):
        return str(context.time_remaining()).encode()

    def serve(request, context):
        for number in range(int(request)):
            yield str(number).encode()

    def collect(requests, context):
        return b",".join(requests)

    def both(requests, context):
        for request in requests:
            yield request

    def fail(request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "so n\u00f6t")

    def slow(request, context):
        time.sleep(float(request))
        return b"late"

    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Left": grpc.unary_unary_rpc_method_handler(left),
        "Serve": grpc.unary_stream_rpc_method_handler(serve),
        "Collect": grpc.stream_unary_rpc_method_handler(collect),
        "Both": grpc.stream_stream_rpc_method_handler(both),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Slow": grpc.unary_unary_rpc_method_handler(slow),
    }

    class Service(grpc.GenericRpcHandler):
        def service(self, call):
            return handlers.get(call.method.rsplit("/", 1)[1])

    server = grpc.server(futures.ThreadPoolExecutor(32), handlers=(Service(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def grpc_client(address):
    import grpc

    def refused(code, call):
        try:
            call()
        except grpc.RpcError as error:
            assert error.code() == code, (error.code(), error.details())
            return error
        raise AssertionError(f"{code} was expected")

    with grpc.insecure_channel(address) as channel:
        unary = channel.unary_unary("/t.T/Unary")
        answer, call = unary.with_call(b"hello", timeout=20)
        assert answer == b"hello"
        trailing = {pair[0]: pair[1] for pair in call.trailing_metadata()}
        assert trailing["x-trail"] == "yes" and trailing["x-more"] == "1", trailing
        large = bytes(range(256)) * 4000
        assert unary(large, timeout=20) == large

        left = float(channel.unary_unary("/t.T/Left")(b"", timeout=20))
        # Its own rounding gives a little more.
        assert 10 < left <= 21, left
        served = list(channel.unary_stream("/t.T/Serve")(b"300", timeout=20))
        assert served == [str(number).encode() for number in range(300)]
        assert channel.stream_unary("/t.T/Collect")(iter([b"a", b"b", b"c"]), timeout=20) == b"a,b,c"

        # One message after another: each comes back before the next goes.
        turn, messages = threading.Semaphore(1), 50

        def say():
            for number in range(messages):
                turn.acquire()
                yield str(number).encode()

        heard = 0
        for answer in channel.stream_stream("/t.T/Both")(say(), timeout=20):
            assert answer == str(heard).encode()
            heard += 1
            turn.release()
        assert heard == messages

        error = refused(grpc.StatusCode.FAILED_PRECONDITION, lambda: channel.unary_unary("/t.T/Fail")(b"", timeout=20))
        assert error.details() == "so n\u00f6t", error.details()
        refused(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: channel.unary_unary("/t.T/Slow")(b"20", timeout=0.3))
        refused(grpc.StatusCode.UNIMPLEMENTED, lambda: channel.unary_unary("/t.T/None")(b"", timeout=20))

        # Of the gateway.
        refused(grpc.StatusCode.UNIMPLEMENTED, lambda: channel.unary_unary("/none.T/Unary")(b"", timeout=20))
        refused(grpc.StatusCode.UNIMPLEMENTED, lambda: channel.unary_unary("/old.T/Unary")(b"", timeout=20))
        refused(grpc.StatusCode.UNAVAILABLE, lambda: channel.unary_unary("/down.T/Unary")(b"", timeout=20))
        refused(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: channel.unary_unary("/small.T/Unary")(large, timeout=20))
        refused(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: channel.unary_unary("/quick.T/Slow")(b"20", timeout=20))

        calls = [unary.future(str(number).encode(), timeout=20) for number in range(200)]
        assert [call.result() for call in calls] == [str(number).encode() for number in range(200)]
    print("ok", flush=True)


async def websocket_service():
    from websockets.asyncio.server import serve

    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0, subprotocols=["v1"], max_size=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


async def websocket_client(address):
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    async with connect(f"ws://{address}/chat", subprotocols=["v1"], max_size=None) as socket:
        assert socket.subprotocol == "v1"
        for message in ["text", b"bytes", "", "x" * 100_000, bytes(2_000_000)]:
            await socket.send(message)
            assert await socket.recv() == message
        # Compressed (permessage-deflate is asked for), and in pieces.
        await socket.send(["one ", "two ", "three"])
        assert await socket.recv() == "one two three"
        await (await socket.ping())
        await asyncio.gather(*(socket.send(str(number)) for number in range(500)))
        assert [await socket.recv() for _ in range(500)] == [str(number) for number in range(500)]
    assert socket.close_code == 1000, socket.close_code
    try:
        async with connect(f"ws://{address}/none"):
            raise AssertionError("a WebSocket where there is no route")
    except InvalidStatus as error:
        assert error.response.status_code == 404
    print("ok", flush=True)


async def websocket_waits(address):
    """Says `open`, and then by which code it was closed."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    async with connect(f"ws://{address}/chat", subprotocols=["v1"]) as socket:
        await socket.send("hello")
        await socket.recv()
        print("open", flush=True)
        try:
            await socket.recv()
        except ConnectionClosed as closed:
            print(closed.rcvd.code if closed.rcvd else None, flush=True)


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    work = globals()[kind.replace("-", "_")](*rest)
    if asyncio.iscoroutine(work):
        asyncio.run(work)
