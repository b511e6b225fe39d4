"""Which function checks which requirement of the specification, and what is known to be missing."""

CHECKS = {}  # identifier -> (function, how it is checked)
GAPS = {}  # identifier -> (mark, note)


def check(identifier):
    """The function's docstring says how the requirement is checked; it goes into the report."""
    def register(function):
        assert identifier not in CHECKS, identifier
        CHECKS[identifier] = (function, " ".join(function.__doc__.split()))
        return function
    return register


def gap(identifier, mark, note):
    GAPS[identifier] = (mark, note)
