"""What /metrics shows, in a registry of the process's own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Counters are kept as things happen; the lags are set when the page is asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.updates_received = Counter(
            "addondesk_updates_received", "Telegram updates committed to the inbox", registry=self.registry
        )
        self.updates_handled = Counter(
            "addondesk_updates_handled",
            "Telegram updates by outcome: done, retried, dead",
            ["outcome"],
            registry=self.registry,
        )
        self.update_seconds = Histogram(
            "addondesk_update_seconds",
            "Handling of one update",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.outbox_messages = Counter(
            "addondesk_outbox_messages",
            "Notices by outcome: sent, put_off, blocked, dead",
            ["outcome"],
            registry=self.registry,
        )
        self.stripe_events = Counter(
            "addondesk_stripe_events", "Verified Stripe events stored", registry=self.registry
        )
        self.tick_failures = Counter(
            "addondesk_tick_failures", "Ticks that raised", ["tick"], registry=self.registry
        )
        self.waiting = Gauge(
            "addondesk_waiting",
            "Rows that wait: updates, messages, events",
            ["kind"],
            registry=self.registry,
        )
        self.lag_seconds = Gauge(
            "addondesk_lag_seconds", "Age of the oldest row that waits", ["kind"], registry=self.registry
        )

    def page(self) -> bytes:
        """Prometheus's text format."""
        return generate_latest(self.registry)
