"""What requests cost the servers behind them, as those servers count it."""

# Goes on without any request, or after its answer: leases, beats, sweeps, looks for lost wake-ups, notifications.
BACKGROUND = ("renew_runs", "release_task", "pg_notify", "due_tasks", "compact_ended", "erase_ended", "engine_time",
              ".nodes", "listen ", "select $1", ".queue q set due_at", "with ordinality i(id, n) left join")


class PostgresCosts:
    """Counts the statements of a PostgresServer that was started with SETTINGS."""
    SETTINGS = ("shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track=top",
                "pg_stat_statements.track_utility=off")

    def __init__(self, server):
        self.server = server
        server.sql("create extension if not exists pg_stat_statements")

    def reset(self):
        self.server.sql("select pg_stat_statements_reset()")

    def of_requests(self):
        """How often each statement was run since `reset` for a request."""
        rows = self.server.sql("select calls, replace(query, chr(10), ' ') from pg_stat_statements")
        counted = dict(reversed(line.split("|", 1)) for line in rows.splitlines())
        return {text: int(calls) for text, calls in counted.items()
                if "pg_stat_statements" not in text and not any(part in text for part in BACKGROUND)}
