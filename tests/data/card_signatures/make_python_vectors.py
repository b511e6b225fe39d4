"""Made the cards and keys in this folder: signed by the Python SDK, for the unit tests of card signatures.

usage: make_python_vectors.py DIRECTORY   (with a2a-sdk 1.3.0, pyjwt 2.10.1 and cryptography from PyPI)
"""
import json
import pathlib
import sys

from google.protobuf.json_format import MessageToJson, ParseDict
from a2a.types import AgentCard
from a2a.utils import signing
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

out = pathlib.Path(sys.argv[1])
PLAIN = {"name": "Übersetzer 😀", "description": "Says things in other words.", "version": "1.0",
         "supportedInterfaces": [{"url": "https://agent.example/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
         "capabilities": {"streaming": False, "extensions": [{"uri": "https://ext.example/", "params": {"\ufb33": 1, "😀": 2.5, "a": [1e21, "x"]}}]},
         "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
         "securitySchemes": {"mtls": {"mtlsSecurityScheme": {"description": "certificates"}}},
         "securityRequirements": [{"schemes": {"mtls": {"list": ["a"]}}}],
         "skills": [{"id": "s", "name": "Skill", "description": "Does it.", "tags": ["t"]}]}
WITH_EMPTY = {**PLAIN, "capabilities": {"extensions": [{"uri": "https://ext.example/", "params": {"empty": "", "list": [], "object": {"deep": {}}}}]},
              "securityRequirements": [{"schemes": {"mtls": {"list": []}}}]}
keys = {"RS256": rsa.generate_private_key(65537, 2048), "ES256": ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate()}
ALG = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
jwks = []
for alg, key in keys.items():
    jwk = ALG[alg].to_jwk(key.public_key(), as_dict=True)
    jwks.append({**jwk, "kid": alg.lower()})
    jwks[-1].pop("key_ops", None)
(out / "python_keys.json").write_text(json.dumps({"keys": jwks}, indent=1) + "\n")
for name, text in (("plain", PLAIN), ("with_empty", WITH_EMPTY)):
    card = ParseDict(text, AgentCard())
    for alg, key in keys.items():
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        sign = signing.create_agent_card_signer(pem, {"alg": alg, "kid": alg.lower(), "typ": "JOSE", "jku": None})
        card = sign(card)
    (out / f"python_{name}.json").write_text(MessageToJson(card, ensure_ascii=False, indent=1) + "\n")
