"""Makes the signed PDF of a reserved letter and keeps it, sealed, in the file store; touches no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from address import address_hash
from chassis.crypto import Vault
from chassis.files import FileStore
from prometheus_client import Histogram

from singo.letters.checking import Trust
from singo.letters.model import LetterDraft, Produced, path_of
from singo.letters.remote import RemoteSigner
from singo.letters.signing import KeySigner, Signer, certificates, local_identity
from singo.letters.timestamping import authority
from singo.letters.typesetting import Typesetter

SECONDS = Histogram("singo_letter_seconds", "Time to make a letter, by part", ["part"])


@dataclass(frozen=True, slots=True)
class Press:
    """What letters are made with: type, signature, keys, the store, and the key of the hash of certified addresses."""

    typesetter: Typesetter
    signer: Signer
    vault: Vault
    files: FileStore
    address_key: bytes

    def produce(self, draft: LetterDraft) -> Produced:
        """Typeset, sign and store a letter; when it returns, the document is safe.

        The path depends on the content, so that a second try never changes what a first one stored.
        """
        with SECONDS.labels("typeset").time():
            pdf = self.typesetter.typeset(draft.page, certified=self.signer.certified)
        with SECONDS.labels("sign").time():
            signed = self.signer.sign(pdf, signatory=draft.page.signatory, place="Malang")
        sha256 = hashlib.sha256(signed).hexdigest()
        path = path_of(draft.letter_id, sha256)
        with SECONDS.labels("store").time():
            self.files.put(path, self.vault.seal_bytes(signed, bound=f"file:{path}"))
        home = draft.page.certifies
        return Produced(
            sha256=sha256,
            size=len(signed),
            path=path,
            signer=self.signer.name,
            certified=self.signer.certified,
            timestamped=self.signer.timestamped,
            address_hash=address_hash(self.address_key, home) if home else "",
        )

    def read(self, path: str) -> bytes:
        """Return the signed PDF that is kept under `path`."""
        return self.vault.open_bytes(self.files.get(path), bound=f"file:{path}")


def open_press(
    *,
    public_url: str,
    signing_dir: Path,
    timestamp_url: str,
    vault: Vault,
    files: FileStore,
    address_key: bytes,
    remote: RemoteSigner | None = None,
) -> tuple[Press, Trust]:
    """Return a press and whom to believe when verifying.

    It signs with `remote` where one is given, else with the local key of a folder, made on the first run. Letters that
    the folder's certificates signed before stay verifiable, as uncertified ones.
    """
    if signing_dir == Path():
        raise ValueError("the local signing key needs a folder")
    signer: Signer = remote or KeySigner(local_identity(signing_dir), authority(timestamp_url))
    kept = sorted(signing_dir.glob("[!.]*.pem"))  # hidden ones are another process's, half written
    local = [each for file in kept for each in certificates(file.read_bytes())]
    trust = Trust(certified=remote.roots if remote else (), local=local)
    return Press(Typesetter(public_url), signer, vault, files, address_key), trust
