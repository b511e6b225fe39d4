"""As much of HTTP/2 as a hostile client of gRPC needs: frames are sent as they are told, and read one by one."""
import socket
import struct

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
MOST_STREAMS, INITIAL_WINDOW_SIZE = 3, 4


def literal(name, value):
    """A header field that no table has, as HPACK writes it. Both texts are shorter than 127 bytes."""
    return b"\0" + b"".join(bytes([len(text)]) + text for text in (name.encode(), value.encode()))


class Connection:
    def __init__(self, port, settings=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.windows = {0: 65535}
        self.initial_window = 65535
        self.most_streams = None  # until the server has said how many it takes
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.send(SETTINGS, 0, 0, b"".join(struct.pack(">HI", name, value) for name, value in settings))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, kind, flags, stream, payload=b""):
        self.socket.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)

    def exactly(self, count):
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                raise ConnectionError("the server has closed the connection")
            got += more
        return got

    def frame(self):
        """The next one that is not bookkeeping: kind, flags, stream and payload."""
        while True:
            head = self.exactly(9)
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream = int.from_bytes(head[5:], "big")
            payload = self.exactly(length)
            if kind == WINDOW_UPDATE:
                self.windows[stream] = self.windows.get(stream, self.initial_window) + int.from_bytes(payload, "big")
            elif kind == SETTINGS and not flags & ACK:
                for at in range(0, length, 6):
                    name, value = struct.unpack(">HI", payload[at:at + 6])
                    if name == MOST_STREAMS:
                        self.most_streams = value
                    if name == INITIAL_WINDOW_SIZE:
                        self.windows = {key: window + (value - self.initial_window if key else 0)
                                        for key, window in self.windows.items()}
                        self.initial_window = value
                self.send(SETTINGS, ACK, 0)
            elif kind == PING and not flags & ACK:
                self.send(PING, ACK, 0, payload)
            elif kind not in (SETTINGS, PING):
                return kind, flags, stream, payload
            if kind in (WINDOW_UPDATE, SETTINGS):
                return None

    def call(self, method, stream=1, headers=()):
        fields = {":method": "POST", ":scheme": "http", ":path": method, ":authority": "localhost", "te": "trailers",
                  "content-type": "application/grpc", **dict(headers)}
        self.send(HEADERS, END_HEADERS, stream, b"".join(literal(*field) for field in fields.items()))
        self.windows.setdefault(stream, self.initial_window)

    def window(self, stream):
        return max(0, min(self.windows[0], self.windows[stream]))

    def data(self, stream, payload, flags=0):
        self.send(DATA, flags, stream, payload)
        for key in (0, stream):
            self.windows[key] -= len(payload)

    def until(self, *wanted):
        """The first frame of one of these kinds."""
        while True:
            frame = self.frame()
            if frame is not None and frame[0] in wanted:
                return frame

    def rest(self):
        """All frames until the server closes the connection."""
        frames = []
        try:
            while True:
                frames.append(self.frame())
        except ConnectionError:
            return [frame for frame in frames if frame is not None]
