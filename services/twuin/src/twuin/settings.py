"""The settings of twuin's processes."""

from __future__ import annotations

from typing import Annotated

from chassis.settings import Common
from msgspec import Meta

PREFIX = "TWUIN_"


class Settings(Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of twuin, beside those that every process has."""

    rpc_address: Annotated[str, Meta(description="Address of the gRPC server, host:port or unix:path; port 0 = any free")] = (
        "127.0.0.1:0"
    )
    rpc_threads: Annotated[int, Meta(description="Threads that serve calls", ge=1, le=64)] = 8
    jwks_url: Annotated[str, Meta(description="Where the gateway publishes the keys of its tokens", min_length=1)]
    issuers: Annotated[str, Meta(description="Issuers of accepted tokens, separated by commas")] = "gateway"
    vault_keys: Annotated[
        str, Meta(description="Keys that seal personal data, id:base64[,id:base64]; the first seals", min_length=1)
    ]
    index_key: Annotated[str, Meta(description="Key of the blind index, base64 of 32 bytes", min_length=1)]
    tariffs_dir: Annotated[
        str, Meta(description="Folder with tariff files (*.toml) that `migrate` loads; empty = the labelled demo tariff")
    ] = ""
    provider: Annotated[str, Meta(description="Payment provider; local = the demo's own bank", pattern="^(local)$")] = "local"
    provider_secret: Annotated[str, Meta(description="Secret that the payment provider signs its callbacks with", min_length=16)]
    callback_url: Annotated[str, Meta(description="Where the local provider sends its callbacks; empty = it sends none")] = ""
