"""The client's part of SRP-6a as Cognito speaks it, for passwords and for devices."""

import base64
import datetime
import hashlib
import hmac
import secrets

POOL_NAME = "Cogward01"
# RFC 3526, group 15.
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2


def padded(number):
    """Big-endian, with a zero byte in front of a high bit."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def hash_int(*parts):
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K = hash_int(padded(N), padded(G))


def private_key(salt, identity, secret):
    inner = hashlib.sha256(f"{identity}:{secret}".encode()).digest()
    return hash_int(padded(salt), inner)


class Exchange:
    def __init__(self):
        self.a = secrets.randbits(256)
        self.A = pow(G, self.a, N)

    @property
    def srp_a(self):
        return f"{self.A:x}"

    def proof(self, parameters, secret, prefix=POOL_NAME, id=None):
        """The challenge responses for PASSWORD_VERIFIER, or with a device's prefix and key for
        DEVICE_PASSWORD_VERIFIER."""
        id = id or parameters["USER_ID_FOR_SRP"]
        B, salt = int(parameters["SRP_B"], 16), int(parameters["SALT"], 16)
        u = hash_int(padded(self.A), padded(B))
        x = private_key(salt, prefix + id, secret)
        S = pow(B - K * pow(G, x, N), self.a + u * x, N)
        extracted = hmac.new(padded(u), padded(S), hashlib.sha256).digest()
        key = hmac.new(extracted, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]
        now = datetime.datetime.now(datetime.timezone.utc)
        timestamp = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now:%Y}"
        block = base64.b64decode(parameters["SECRET_BLOCK"])
        message = (prefix + id).encode() + block + timestamp.encode()
        return {
            "TIMESTAMP": timestamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, message, "sha256")).decode(),
        }


def device_verifier(group_key, key, secret):
    """What ConfirmDevice is told of a device's secret."""
    salt = secrets.randbits(128)
    verifier = pow(G, private_key(salt, group_key + key, secret), N)
    text = lambda value: base64.b64encode(padded(value)).decode()
    return {"PasswordVerifier": text(verifier), "Salt": text(salt)}
