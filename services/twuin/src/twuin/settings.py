"""The settings of twuin's processes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chassis.settings import Common

PREFIX = "TWUIN_"


class Settings(Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of twuin, beside those that every process has."""

    listen: Annotated[str, Meta(description="Address of the gRPC server, host:port or unix:path; port 0 = any free")] = "127.0.0.1:0"
    threads: Annotated[int, Meta(description="Calls that the gRPC server works on at once", ge=1, le=64)] = 8
    jwks_url: Annotated[str, Meta(description="Published keys of the gateway, http://…/.well-known/jwks.json; empty = no rpc")] = ""
    vault_keys: Annotated[str, Meta(description="Keys that seal personal data, id:base64[,id:base64]; the first seals", min_length=1)]
    index_key: Annotated[str, Meta(description="Key of the blind index, base64 of 32 bytes", min_length=1)]
    tariffs_dir: Annotated[
        str, Meta(description="Folder with tariff files (*.toml) that `migrate` loads; empty = the labelled demo tariff")
    ] = ""
    provider: Annotated[str, Meta(description="Payment provider; local = the demo's own bank", pattern="^(local)$")] = "local"
    provider_secret: Annotated[str, Meta(description="Secret that the payment provider signs its callbacks with", min_length=16)]
    callback_url: Annotated[str, Meta(description="Where the local provider sends its callbacks; empty = it sends none")] = ""
