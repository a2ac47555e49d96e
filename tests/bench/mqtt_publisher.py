"""Publishes many messages over a bare socket: `mqtt_publisher.py PORT COUNT CODE...`. Needs nothing but Python."""

import socket
import struct
import sys
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)
# The login of tests/sensors/feeds/brokers.py.
_NAME, _PASSWORD = b"tester", b"a-password-of-the-tests"


def publish_fast(port: int, codes: list[str], count: int, *, window: int = 2000) -> None:
    """Publish with QoS 1 over a bare socket, with at most `window` messages not yet acknowledged."""
    with socket.create_connection(("127.0.0.1", port)) as connection_:
        connection_.sendall(_connect_packet())
        assert connection_.recv(4) == b"\x20\x02\x00\x00"
        sent, acknowledged = 0, 0.0
        while acknowledged < count:
            packets = []
            while sent < count and sent - acknowledged < window:
                stamp = (START + timedelta(seconds=sent // len(codes))).isoformat()
                payload = b'{"time": "%s", "value": %d.5}' % (stamp.encode(), sent % 1000)
                packets.append(_publish_packet(codes[sent % len(codes)], sent % 65_535 + 1, payload))
                sent += 1
            if packets:
                connection_.sendall(b"".join(packets))
            # A PUBACK has four bytes.
            acknowledged += len(connection_.recv(65_536)) / 4


def _connect_packet() -> bytes:
    texts = b"".join(struct.pack(">H", len(text)) + text for text in (b"mqbp", _NAME, _PASSWORD))
    # 3.1.1, clean session, with a name and a password, 60 s.
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + texts
    return b"\x10" + bytes([len(body)]) + body


def _publish_packet(code: str, packet: int, payload: bytes) -> bytes:
    topic = f"tarmoq/observations/{code}".encode()
    body = struct.pack(">H", len(topic)) + topic + struct.pack(">H", packet) + payload
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([size % 128 | 128, size // 128])
    return b"\x32" + length + body


if __name__ == "__main__":
    publish_fast(int(sys.argv[1]), sys.argv[3:], int(sys.argv[2]))
