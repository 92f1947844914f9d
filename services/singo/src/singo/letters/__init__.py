"""Letters: numbered at signature, typeset as archival and accessible PDF, signed, kept, and verified by anyone."""

from singo.letters.checking import Trust
from singo.letters.model import LetterDraft, Produced
from singo.letters.press import Press, open_press
from singo.letters.remote import RemoteSigner
from singo.letters.service import issue, printable, produce, reserve
from singo.letters.signing import KeySigner, Signer, certificates, local_identity, read_identity
from singo.letters.timestamping import authority
from singo.letters.typesetting import Typesetter

__all__ = [
    "KeySigner",
    "LetterDraft",
    "Press",
    "Produced",
    "RemoteSigner",
    "Signer",
    "Trust",
    "Typesetter",
    "authority",
    "certificates",
    "issue",
    "local_identity",
    "open_press",
    "printable",
    "produce",
    "read_identity",
    "reserve",
]
