// A software authenticator with the browser around it: one ES256 passkey.

import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const [PRESENT, VERIFIED, ATTESTED] = [1, 4, 64];
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const text = (bytes) => Buffer.from(bytes).toString("base64url");

function head(major, count) {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  const bytes = count < 256 ? [(major << 5) | 24, count] : [(major << 5) | 25, count >> 8, count & 255];
  return Buffer.from(bytes);
}

/** As much of CBOR as attestations need; maps are lists of entries. */
function cbor(value) {
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === "string") return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.length), ...value.flat().map(cbor)]);
}

export class Authenticator {
  constructor(origin = "http://localhost:3001", algorithm = -7) {
    Object.assign(this, { origin, algorithm, id: randomBytes(32), count: 0 });
    this.key = generateKeyPairSync("ec", { namedCurve: "P-256" });
  }

  /** `navigator.credentials.create()`: a RegistrationResponseJSON. */
  create({ challenge, rp, user }) {
    this.userHandle = user.id;
    const { x, y } = this.key.publicKey.export({ format: "jwk" });
    const [X, Y] = [x, y].map((part) => Buffer.from(part, "base64url"));
    const key = cbor([[1, 2], [3, this.algorithm], [-1, 1], [-2, X], [-3, Y]]);
    const flags = PRESENT | VERIFIED | ATTESTED;
    const aaguid = Buffer.alloc(16);
    const length = Buffer.from([0, this.id.length]);
    const data = Buffer.concat([this.#data(rp.id, flags), aaguid, length, this.id, key]);
    return this.#credential({
      clientDataJSON: text(this.#clientData("webauthn.create", challenge)),
      attestationObject: text(cbor([["fmt", "none"], ["attStmt", []], ["authData", data]])),
      transports: ["internal"],
    });
  }

  /** `navigator.credentials.get()`: an AuthenticationResponseJSON. */
  get({ challenge, rpId }) {
    const data = this.#data(rpId, PRESENT | VERIFIED);
    const client = this.#clientData("webauthn.get", challenge);
    return this.#credential({
      clientDataJSON: text(client),
      authenticatorData: text(data),
      signature: text(sign("sha256", Buffer.concat([data, sha256(client)]), this.key.privateKey)),
      userHandle: this.userHandle,
    });
  }

  #data(rpId, flags) {
    const rest = Buffer.alloc(5, flags);
    rest.writeUInt32BE(++this.count, 1);
    return Buffer.concat([sha256(rpId), rest]);
  }

  #clientData(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));
  }

  #credential(response) {
    const id = text(this.id);
    const kind = { type: "public-key", authenticatorAttachment: "platform", clientExtensionResults: {} };
    return { ...kind, id, rawId: id, response };
  }
}
