// What aws-jwt-verify says to each token: cases on stdin, verdicts on stdout.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { CognitoJwtVerifier } = createRequire(process.env.VERIFIER_DIR + "/")("aws-jwt-verify");
const { pool, client, now, jwks, cases } = JSON.parse(readFileSync(0, "utf8"));
Date.now = () => now * 1000;

const verifiers = Object.fromEntries(
  ["id", "access"].map((tokenUse) => {
    const verifier = CognitoJwtVerifier.create({ userPoolId: pool, clientId: client, tokenUse });
    verifier.cacheJwks(jwks);
    return [tokenUse, verifier];
  }),
);

// JSON has no such numbers, and would print `null`.
const finite = (_, value) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

function verdict({ token, kind, leeway }) {
  try {
    // The one without network: an unknown key is not asked for.
    const claims = verifiers[kind].verifySync(token, { graceSeconds: leeway });
    return { claims: JSON.stringify(claims, finite) };
  } catch (error) {
    return { error: error.constructor.name };
  }
}

process.stdout.write(JSON.stringify(cases.map(verdict)));
