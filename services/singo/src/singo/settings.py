"""The settings of this service; nothing else reads the environment."""

from __future__ import annotations

from typing import Annotated

from chassis.settings import Serving
from msgspec import Meta

PREFIX = "SINGO_"


class Settings(Serving, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of every process of Singo."""

    files_url: Annotated[
        str, Meta(description="Where attachments and letters are kept: a folder or s3://bucket/prefix", min_length=1)
    ]
    vault_keys: Annotated[
        str, Meta(description="Keys of encrypted columns, id:base64[,id:base64]; the first one seals", min_length=1)
    ]
    index_key: Annotated[str, Meta(description="Key of the blind indexes, base64", min_length=1)]
    address_key: Annotated[str, Meta(description="Key of the hash of certified addresses in facts, base64", min_length=1)]
    kinds_dir: Annotated[str, Meta(description="Further folders with kinds of service, separated by ':'")] = ""
    public_url: Annotated[str, Meta(description="URL of the portal, printed on letters")] = "http://localhost:8000"
    signing_dir: Annotated[str, Meta(description="Folder of the local signing key and certificate", min_length=1)]
    timestamp_url: Annotated[str, Meta(description="RFC 3161 timestamp authority; empty = signatures without a timestamp")] = ""
    signer_url: Annotated[str, Meta(description="Signing service that keeps a certified key; empty = the local key")] = ""
    signer_token: Annotated[str, Meta(description="Bearer token of the signing service")] = ""
    signer_chain: Annotated[str, Meta(description="PEM file of the service's certificate and those above it, root last")] = ""
    signing_lease_seconds: Annotated[int, Meta(description="How long one process may take to make a letter", ge=5, le=600)] = 30
    complaint_reopen_days: Annotated[
        int, Meta(description="Days within which a resolved complaint may be reopened", ge=1, le=365)
    ] = 14
    job_interval_seconds: Annotated[int, Meta(description="Pause between two rounds of jobs", ge=1, le=3600)] = 15
