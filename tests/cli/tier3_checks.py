"""The checks of tier 3 of the specification of a2a-cli."""
from registry import check, gap
