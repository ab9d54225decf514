"""A signer that nobody here wrote: PyJWT on `cryptography`. Prints a key set on one line, then a line for each algorithm: its
name and a token."""

import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

KEYS = {
    **{
        name: (rsa.generate_private_key(public_exponent=65537, key_size=size), RSAAlgorithm)
        for name, size in [("RS256", 2048), ("RS384", 3072), ("RS512", 2048), ("PS256", 2048), ("PS384", 2048), ("PS512", 2048)]
    },
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "ES384": (ec.generate_private_key(ec.SECP384R1()), ECAlgorithm),
    "ES512": (ec.generate_private_key(ec.SECP521R1()), ECAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm),
}

issuer, audience, secret = sys.argv[1:]
public = []
for name, (key, kind) in KEYS.items():
    public.append({**json.loads(kind.to_jwk(key.public_key())), "kid": name, "alg": name, "use": "sig"})
    public[-1].pop("key_ops", None)
print(json.dumps({"keys": public}))
now = int(time.time())
claims = {"iss": issuer, "aud": [audience, "other"], "sub": "u1", "iat": now, "nbf": now, "exp": now + 600, "name": "Zoë"}
for name, (key, _) in KEYS.items():
    print(name, jwt.encode(claims, key, algorithm=name, headers={"kid": name}))
for name in ["HS256", "HS384", "HS512"]:
    print(name, jwt.encode(claims, secret, algorithm=name, headers={"kid": name}))
print("end", flush=True)
