"""The checks of tier 2 of the specification of a2a-cli."""
from registry import check, gap

TRANSPORTS = ["HTTP+JSON", "JSON-RPC"]
