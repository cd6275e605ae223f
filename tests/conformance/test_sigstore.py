"""Identities, verified offline against a pinned trust configuration by the real client.

The positive case needs a bundle that the public Sigstore instance really signed. The
specification publishes one (ossf/model-signing-spec, test-vectors, `sigstore.bundle.json`);
it names a person, so it isn't copied here. Put it into `$STEELYARD_DATA/oms/` to run it.
"""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from steelyard.evidence import envelope, oms, signing
from steelyard.evidence.manifest import Manifest
from tests.evidence.authority import Wish, issue
from tests.peers import environment

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[2] / "src"
RUN = "import sys; from steelyard.cli.main import main; raise SystemExit(main(sys.argv[1:]))"
TRUST = (
    "from sigstore.models import ClientTrustConfig as C;"
    "print(C.production(offline=True)._inner.to_json())"
)


@pytest.fixture(scope="module")
def client() -> Path:
    return environment("sigstore==4.5.1", "msgspec", "cryptography")


@pytest.fixture
def trust(client: Path, tmp_path: Path) -> Path:
    made = subprocess.run([client, "-c", TRUST], capture_output=True, text=True, check=True)
    (tmp_path / "trust.json").write_text(made.stdout)
    return tmp_path / "trust.json"


def verify(client: Path, home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    # An address that takes no connections: whatever asks the network fails at once.
    away = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    place = {"PYTHONPATH": str(SOURCE), "XDG_CONFIG_HOME": str(home), "HOME": str(home)}
    command = [str(client), "-c", RUN, "verify", *map(str, words)]
    surroundings = {**os.environ, **away, **place}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)


def forged(home: Path) -> Path:
    """A bundle in every way like a keyless one, but by nobody that anyone vouches for."""
    leaf = issue(Wish(name="x", code=True))
    statement = oms.statement("m", Manifest(entries=()), oms.Scope())
    sealed = envelope.seal(statement.encode(), signing.load(leaf.private))
    bundle: dict[str, Any] = json.loads(sealed)
    empty = base64.b64encode(b"{}").decode()
    bundle["verificationMaterial"] = {
        "certificate": {"rawBytes": base64.b64encode(leaf.der).decode()},
        "tlogEntries": [
            {
                "logIndex": "0",
                "logId": {"keyId": base64.b64encode(bytes(32)).decode()},
                "kindVersion": {"kind": "dsse", "version": "0.0.1"},
                "integratedTime": "1906000000",
                "inclusionPromise": {"signedEntryTimestamp": empty},
                "inclusionProof": {
                    "logIndex": "0",
                    "rootHash": base64.b64encode(bytes(32)).decode(),
                    "treeSize": "1",
                    "hashes": [],
                    "checkpoint": {"envelope": "rekor\n1\nAAAA\n\n— rekor AAAA\n"},
                },
                "canonicalizedBody": empty,
            }
        ],
    }
    path = home / "forged.sig"
    path.write_text(json.dumps(bundle))
    return path


def signer_of(bundle: Path) -> str:
    material = json.loads(bundle.read_bytes())["verificationMaterial"]
    raw = base64.b64decode(material["certificate"]["rawBytes"])
    names = x509.load_der_x509_certificate(raw).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    (address,) = names.value.get_values_for_type(x509.RFC822Name)
    return address


WHO = ("--identity", "a@example.org", "--issuer", "https://accounts.example.org")


def test_a_forged_identity_is_refused_offline(client: Path, trust: Path, tmp_path: Path) -> None:
    done = verify(client, tmp_path, forged(tmp_path), *WHO, "--trust-config", trust)
    assert done.returncode == 1, done.stderr
    assert "certificate or log entry" in done.stdout
    assert "Traceback" not in done.stderr


def test_an_identity_that_nobody_asked_for_is_not_checked(client: Path, tmp_path: Path) -> None:
    done = verify(client, tmp_path, forged(tmp_path))
    assert done.returncode == 4
    assert "--identity" in done.stdout


def test_a_file_that_is_no_trust_configuration_is_bad_input(client: Path, tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text("{}")
    words = (forged(tmp_path), *WHO, "--trust-config", tmp_path / "trust.json")
    done = verify(client, tmp_path, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "not a trust configuration" in done.stderr


def test_the_specifications_own_bundle_verifies_offline(
    client: Path, trust: Path, tmp_path: Path
) -> None:
    vector = Path(os.environ.get("STEELYARD_DATA", "")) / "oms" / "sigstore.bundle.json"
    if not vector.is_file():
        pytest.skip("no copy of the specification's bundle in STEELYARD_DATA")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "x").touch()
    who = ("--identity", signer_of(vector), "--trust-config", trust, "--model")
    words = (vector, *who, tmp_path / "model", "--allow-ignored", "--issuer")
    done = verify(client, tmp_path, *words, "https://sigstore.verify.ibm.com/oauth2")
    # Who signed is settled; the signed files themselves are not published.
    assert "weights: missing: signme-1, signme-2; added: x" in done.stdout
    other = verify(client, tmp_path, *words, "https://accounts.google.com")
    assert "certificate or log entry" in other.stdout
