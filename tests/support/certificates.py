"""Certificates for tests, made by the openssl command in a directory of the test's own."""
import os
import subprocess


class Authority:
    """Signs certificates for one day, which pass Python 3.13's strict check (VERIFY_X509_STRICT)."""

    def __init__(self, directory, name="ca"):
        self.directory = directory
        self.name = name
        self.certificate = os.path.join(directory, name + ".pem")
        self.key = os.path.join(directory, name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key,
                "-out", self.certificate)

    def issue(self, name, subject=None, names="IP:127.0.0.1,DNS:localhost", key=("ec", "ec_paramgen_curve:prime256v1")):
        """The paths of a certificate and its key."""
        base = os.path.join(self.directory, name)
        openssl("req", "-new", "-newkey", key[0], "-pkeyopt", key[1], "-nodes", "-subj", subject or f"/CN={name}",
                "-keyout", base + ".key", "-out", base + ".csr")
        with open(base + ".ext", "w", encoding="ascii") as extensions:
            extensions.write("basicConstraints=CA:FALSE\nauthorityKeyIdentifier=keyid\n")
            extensions.write(f"subjectAltName={names}\n" if names else "")
        openssl("x509", "-req", "-days", "1", "-in", base + ".csr", "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-extfile", base + ".ext", "-out", base + ".pem")
        return base + ".pem", base + ".key"


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"openssl {' '.join(arguments)}: {done.stderr}")


if __name__ == "__main__":  # certificates.py DIRECTORY: ca, server, alice and bob
    import sys

    authority = Authority(sys.argv[1])
    for holder in ("server", "alice", "bob"):
        authority.issue(holder)
