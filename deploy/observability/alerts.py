"""States of the platform that somebody has to look at: each with how long it must last, and how soon it must be looked at."""

from typing import Any

_GONE = "process:expected unless on (service, process) up == 1"
_LAG, _TAKEN = "sum by (group) (consumer_lag)", "sum by (group) (rate(consumer_facts_total[5m]))"
# A process that nobody asks anything does not learn that Redis is back: only those count that ask in vain.
_IN_VAIN = "cache_available == 0 and rate(cache_failures_total[10m]) > 0"
# The first failure is the birth of its series, which increase() does not see.
_FAILED = 'rpc_server_seconds_count{status="INTERNAL"}'
_UNFORESEEN, _FIRST = f"increase({_FAILED}[10m])", f"{_FAILED} unless {_FAILED} offset 10m"
_DONE, _EVERY = (f"max by (service, name) ({metric})" for metric in ("job_last_success_timestamp_seconds", "job_interval_seconds"))

# severity: page = somebody gets up for it; ticket = on the next working day.
STATES: tuple[dict[str, Any], ...] = (
    {"name": "Watchdog", "expr": "vector(1)", "lasts": 0, "severity": "none", "says": "Alerting works; a receiver that no longer hears this must say so"},
    {"name": "ProcessMissing", "expr": _GONE, "lasts": 120, "severity": "page", "says": "No {{ $labels.service }}-{{ $labels.process }} answers"},
    {"name": "OutboxStuck", "expr": "max by (service, topic) (outbox_oldest_unsent_seconds) > 60", "lasts": 60, "severity": "page", "says": "Facts of {{ $labels.topic }} have waited for {{ $value | humanizeDuration }}"},
    {"name": "ConsumerStuck", "expr": f"{_LAG} > 0 unless on (group) {_TAKEN} > 0", "lasts": 120, "severity": "page", "says": "{{ $labels.group }} takes nothing; {{ $value }} facts wait"},
    {"name": "DeadLetters", "expr": "max by (group) (consumer_dead_letters_open) > 0", "lasts": 60, "severity": "ticket", "says": "{{ $value }} facts are parked at {{ $labels.group }}"},
    {"name": "MoneyDiffers", "expr": "max by (rule) (abs(money_difference_rupiah)) > 0", "lasts": 120, "severity": "page", "says": "Rule {{ $labels.rule }} is off by Rp {{ $value }}"},
    {"name": "RefundsDue", "expr": "max(delta(money_refunds_payable_rupiah[1d])) > 0", "lasts": 300, "severity": "ticket", "says": "Rp {{ $value }} more than a day ago must go back"},
    {"name": "PaymentUnanswered", "expr": "max(payments_oldest_starting_seconds) > 300", "lasts": 300, "severity": "ticket", "says": "The payment provider has not answered for {{ $value | humanizeDuration }}"},
    {"name": "JobStale", "expr": f"time() - {_DONE} > 10 * {_EVERY} + 120", "lasts": 60, "severity": "ticket", "says": "Job {{ $labels.name }} of {{ $labels.service }} last ended well {{ $value | humanizeDuration }} ago"},
    {"name": "JobNeverDone", "expr": f"{_EVERY} unless {_DONE}", "lasts": 600, "severity": "ticket", "says": "Job {{ $labels.name }} of {{ $labels.service }} has not ended well since its process started"},
    {"name": "InternalErrors", "expr": f"sum by (service, method) ({_UNFORESEEN}) > 0 or sum by (service, method) ({_FIRST}) > 0", "lasts": 0, "severity": "ticket", "says": "{{ $labels.method }} failed for a reason that nobody foresaw"},
    {"name": "UpstreamRefused", "expr": "sum by (upstream) (rate(rpc_client_refused_total[5m])) > 0", "lasts": 120, "severity": "ticket", "says": "Calls to {{ $labels.upstream }} are held back: it does not answer in time"},
    {"name": "RequestsShed", "expr": "sum(rate(http_shed_total[5m])) > 0", "lasts": 300, "severity": "page", "says": "The portal turns away {{ $value }} requests a second"},
    {"name": "DatabasePoolFull", "expr": "max by (service, process) (database_connections_in_use / database_pool_size) > 0.9", "lasts": 300, "severity": "ticket", "says": "{{ $labels.service }}-{{ $labels.process }} uses all its database connections"},
    {"name": "CacheGone", "expr": f"count by (service) ({_IN_VAIN})", "lasts": 600, "severity": "ticket", "says": "{{ $labels.service }} works without Redis, slower"},
)  # fmt: skip
