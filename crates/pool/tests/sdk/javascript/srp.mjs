// The client's part of SRP-6a as Cognito speaks it, for passwords and for devices.

import { createDiffieHellmanGroup, createHash, createHmac, randomBytes } from "node:crypto";

const poolName = "Cogward01";
const number = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
// RFC 3526, group 15.
const N = number(createDiffieHellmanGroup("modp15").getPrime());
const g = 2n;

function power(base, exponent) {
  let result = 1n;
  for (base %= N; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % N;
    base = (base * base) % N;
  }
  return result;
}

/** Big-endian, with a zero byte in front of a high bit. */
function padded(value) {
  const hex = value.toString(16);
  const even = hex.padStart(hex.length + (hex.length % 2), "0");
  return Buffer.from(parseInt(even[0], 16) >= 8 ? `00${even}` : even, "hex");
}

const joined = (parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const hash = (...parts) => createHash("sha256").update(joined(parts)).digest();
const mac = (key, ...parts) => createHmac("sha256", key).update(joined(parts)).digest();
const k = number(hash(padded(N), padded(g)));
const privateKey = (salt, identity, secret) => number(hash(padded(salt), hash(`${identity}:${secret}`)));

export class Exchange {
  constructor() {
    this.a = number(randomBytes(32));
    this.A = power(g, this.a);
    this.SRP_A = this.A.toString(16);
  }

  /** The challenge responses for PASSWORD_VERIFIER, or with a device's prefix and key for DEVICE_PASSWORD_VERIFIER. */
  proof(parameters, secret, prefix = poolName, id = parameters.USER_ID_FOR_SRP) {
    const [B, salt] = [BigInt(`0x${parameters.SRP_B}`), BigInt(`0x${parameters.SALT}`)];
    const u = number(hash(padded(this.A), padded(B)));
    const x = privateKey(salt, prefix + id, secret);
    const base = (B - ((k * power(g, x)) % N) + N) % N;
    const extracted = mac(padded(u), padded(power(base, this.a + u * x)));
    const key = mac(extracted, "Caldera Derived Key\x01").subarray(0, 16);
    const [, day, date, month, year, time] = new Date().toUTCString().match(/(\w+), 0?(\d+) (\w+) (\d+) (\S+)/);
    const TIMESTAMP = `${day} ${month} ${date} ${time} UTC ${year}`;
    const block = Buffer.from(parameters.SECRET_BLOCK, "base64");
    return {
      TIMESTAMP,
      PASSWORD_CLAIM_SECRET_BLOCK: parameters.SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: mac(key, prefix + id, block, TIMESTAMP).toString("base64"),
    };
  }
}

/** What ConfirmDevice is told of a device's secret. */
export function deviceVerifier(groupKey, key, secret) {
  const salt = number(randomBytes(16));
  const verifier = power(g, privateKey(salt, groupKey + key, secret));
  return { PasswordVerifier: padded(verifier).toString("base64"), Salt: padded(salt).toString("base64") };
}
