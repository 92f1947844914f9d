"""What the platform promises: which errands, how good they are to be, and over which windows that is watched."""

from dataclasses import dataclass

SERVICES = {
    "gateway": ("web", "consume", "relay", "jobs"),
    "singo": ("rpc", "consume", "relay", "jobs"),
    "twuin": ("rpc", "consume", "relay", "jobs"),
}
# Routes of each errand, as the gateway's metric names them: pages first, then the API.
ERRANDS = {
    "entry": "/(daftar|masuk|lupa-sandi|nomor-hilang)(/.*)?|/api/v1/auth/.*",
    "letter": "/(permohonan|surat|layanan|v)(/.*)?|/api/v1/(applications|letters|verify|charter)(/.*)?",
    "bill": "/(air|tagihan|bayar|pembayaran|tarif)(/.*)?|/api/v1/(connections|bills|payments|tariffs)(/.*)?",
    "leak": "/(lapor|laporan|urusan/laporan)(/.*)?|/api/v1/complaints(/.*)?",
    "moving_house": "/sambungan-baru(/.*)?|/api/v1/new-connections(/.*)?",
}
ANSWERED = 0.999  # share of the requests of an errand that are answered without a failure of ours
QUICK, QUICK_SECONDS = 0.99, "1.0"  # share of them that is answered within a second
FRESH, FRESH_SECONDS = 0.99, "5.0"  # share of the facts that have their effect within five seconds


@dataclass(frozen=True)
class Burn:
    """An alert on how fast the error budget of 30 days burns: `factor` times too fast, over a long and a short window (seconds)."""

    severity: str
    factor: float
    long: int
    short: int


# After "The Site Reliability Workbook", chapter 5: 2 % of the budget in 1 h, 5 % in 6 h, 10 % in 1 and in 3 days.
BURNS = (
    Burn("page", 14.4, 3_600, 300),
    Burn("page", 6, 21_600, 1_800),
    Burn("ticket", 3, 86_400, 7_200),
    Burn("ticket", 1, 259_200, 21_600),
)


def shrunk(burns: tuple[Burn, ...], divisor: int) -> tuple[Burn, ...]:
    """Return the windows divided, so that a drill need not wait for hours; none becomes shorter than 20 s."""
    return tuple(Burn(b.severity, b.factor, max(20, b.long // divisor), max(20, b.short // divisor)) for b in burns)
