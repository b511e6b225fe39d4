"""A server of bare connections, for tests whose server has to behave as none would."""
import contextlib
import socket
import threading


class RawServer:
    """Listens on a free port of the loopback and hands each connection to `serve`, on a thread of its own. A peer that closes the
    connection in the middle ends `serve`, and that is all. With `tls`, an SSLContext, the handshake comes first."""

    def __init__(self, serve, tls=None):
        self.serve, self.tls = serve, tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        # A bare close does not wake the thread that waits in accept.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        with connection, contextlib.suppress(OSError):
            if not self.tls:
                self.serve(connection)
                return
            with self.tls.wrap_socket(connection, server_side=True) as secured:
                self.serve(secured)


def read_request(connection):
    """The head, without the empty line, and the body of the next request; None when the peer has closed the connection."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = connection.recv(65536)
        if not more:
            return None
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return head, body
