"""JSON Web Tokens and key sets for tests, signed by the openssl command."""
import base64
import json
import os
import subprocess

from certificates import openssl


def encode(data):
    if isinstance(data, (dict, list)):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def run(*arguments, data=b""):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


class Key:
    """A private key with an id; `algorithm` is one of RS256, PS256, ES256 and EdDSA."""

    GENERATE = {"R": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
                "P": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
                "E": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "D": ("-algorithm", "ED25519")}

    def __init__(self, directory, algorithm, kid):
        self.algorithm, self.kid = algorithm, kid
        self.path = os.path.join(directory, kid + ".jwt.key")
        openssl("genpkey", *self.GENERATE["D" if algorithm == "EdDSA" else algorithm[0]], "-out", self.path)

    def jwk(self):
        der = run("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        if self.algorithm == "ES256":
            key = {"kty": "EC", "crv": "P-256", "x": encode(der[-64:-32]), "y": encode(der[-32:])}
        elif self.algorithm == "EdDSA":
            key = {"kty": "OKP", "crv": "Ed25519", "x": encode(der[-32:])}
        else:
            modulus = run("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
            key = {"kty": "RSA", "n": encode(bytes.fromhex(modulus)), "e": "AQAB"}
        return {**key, "kid": self.kid, "use": "sig"}

    def sign(self, data):
        if self.algorithm == "EdDSA":
            text = self.path + ".text"
            with open(text, "wb") as file:
                file.write(data)
            return run("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", text)
        options = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest") if self.algorithm == "PS256" else ()
        signature = run("dgst", "-sha256", "-sign", self.path, *options, data=data)
        return raw_ecdsa(signature) if self.algorithm == "ES256" else signature

    def verifies(self, data, signature):
        """Of an EdDSA key."""
        names = [self.path + ".text", self.path + ".signature"]
        for name, content in zip(names, (data, signature)):
            with open(name, "wb") as file:
                file.write(content)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-inkey", self.path, "-rawin", "-in", names[0], "-sigfile",
                               names[1]], capture_output=True).returncode == 0

    def token(self, claims, **header):
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **header}
        text = encode({name: value for name, value in head.items() if value is not None}) + "." + encode(claims)
        return text + "." + encode(self.sign(text.encode()))


def raw_ecdsa(der):
    """r and s side by side, from SEQUENCE { INTEGER r, INTEGER s }."""
    at, numbers = 2, []
    for _ in range(2):
        size = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big"))
        at += 2 + size
    return b"".join(numbers)


def write_set(path, *keys):
    with open(path, "w", encoding="ascii") as file:
        json.dump({"keys": [key.jwk() for key in keys]}, file)
