"""The settings of twuin's processes."""

from __future__ import annotations

from typing import Annotated

from chassis.settings import Serving
from msgspec import Meta

PREFIX = "TWUIN_"


class Settings(Serving, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of every process of Twuin."""

    vault_keys: Annotated[
        str, Meta(description="Keys that seal personal data, id:base64[,id:base64]; the first seals", min_length=1)
    ]
    index_key: Annotated[str, Meta(description="Key of the blind index, base64 of 32 bytes", min_length=1)]
    address_key: Annotated[
        str,
        Meta(
            description="Key of the hash of certified addresses, base64; the same as singo's, to compare with its facts",
            min_length=1,
        ),
    ]
    tariffs_dir: Annotated[
        str, Meta(description="Folder with tariff files (*.toml) that `migrate` loads; empty = the labelled demo tariff")
    ] = ""
    connection_costs: Annotated[
        str, Meta(description="File with the prices and promises of new connections; empty = the labelled demo")
    ] = ""
    main_limit: Annotated[int, Meta(description="Metres from a main beyond which no connection is laid", ge=1, le=5_000)] = 100
    provider: Annotated[str, Meta(description="Payment provider; local = the demo's own bank", pattern="^(local)$")] = "local"
    provider_secret: Annotated[str, Meta(description="Secret that the payment provider signs its callbacks with", min_length=16)]
    callback_url: Annotated[str, Meta(description="Where the local provider sends its callbacks; empty = it sends none")] = ""
    penalty: Annotated[
        int, Meta(description="Rupiah added to a bill for each earlier one that is overdue", ge=0, le=10_000_000)
    ] = 0
    stamp_duty: Annotated[int, Meta(description="Rupiah of stamp duty on a large bill; 0 = none", ge=0, le=1_000_000)] = 0
    stamp_duty_above: Annotated[int, Meta(description="Rupiah above which a bill carries stamp duty", ge=0)] = 5_000_000
    singo_target: Annotated[str, Meta(description="Where singo's RPC is: dns:///host:port, host:port or unix:/path")] = (
        "127.0.0.1:50061"
    )
    files_url: Annotated[
        str, Meta(description="Where photos and documents are kept, sealed: a folder or s3://bucket/prefix", min_length=1)
    ]
    crews_file: Annotated[
        str, Meta(description="TOML file of the crews, which `migrate` loads; empty = the labelled demo crews")
    ] = ""
    leak_join_metres: Annotated[
        int, Meta(description="Metres within which a report joins an open leak, across zones too", ge=0, le=1000)
    ] = 60
    workload_key: Annotated[
        str, Meta(description="Own Ed25519 key for calls to other services, id:base64 of 32 bytes; empty = it calls none")
    ] = ""
