// Unmodified aws-jwt-verify and the tokens of a pool at POOL_URL, which serves TLS: the
// library fetches keys over nothing else. ISSUER is what the pool writes into its tokens.

import assert from "node:assert/strict";

import { call, claims, load, local, makeUser, password, poolId, publicClient, refused, url } from "./pool.mjs";

const { CognitoJwtVerifier, JwtVerifier } = load("aws-jwt-verify");
const { SimpleFetcher } = load("aws-jwt-verify/https");
const { SimpleJwksCache } = load("aws-jwt-verify/jwk");
const { validateCognitoJwtFields } = load("aws-jwt-verify/cognito-verifier");
const issuer = process.env.ISSUER;
const email = "verified@example.com";

async function signIn() {
  const answer = await call("InitiateAuth", {
    ClientId: publicClient,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: email, PASSWORD: password },
  });
  return answer.AuthenticationResult;
}

/** The verifier for Cognito, which looks for keys at AWS: they are fetched from the pool. */
function ofCognito() {
  const fetcher = new SimpleFetcher();
  const here = (uri) => uri.replace("https://cognito-idp.us-east-1.amazonaws.com", url);
  const jwksCache = new SimpleJwksCache({ fetcher: { fetch: (uri, ...more) => fetcher.fetch(here(uri), ...more) } });
  return CognitoJwtVerifier.create({ userPoolId: poolId, clientId: publicClient, tokenUse: null }, { jwksCache });
}

/** The verifier for any issuer, with Cognito's own checks. */
function ofAnyone() {
  const options = { issuer, audience: null, jwksUri: `${issuer}/.well-known/jwks.json` };
  const verifier = JwtVerifier.create(options);
  return {
    verify: (token, { tokenUse = null, groups = null, clientId = publicClient } = {}) =>
      verifier.verify(token, {
        customJwtCheck: ({ payload }) => validateCognitoJwtFields(payload, { tokenUse, groups, clientId }),
      }),
  };
}

const verifier = issuer.startsWith(url) ? ofAnyone() : ofCognito();
await makeUser(email, { groups: ["admin", "staff"] });
const tokens = await signIn();

const access = await verifier.verify(tokens.AccessToken, { tokenUse: "access" });
const id = await verifier.verify(tokens.IdToken, { tokenUse: "id" });
assert.equal(access.iss, issuer);
assert.equal(access.sub, id.sub);
assert.equal(access.client_id, id.aud);
assert.equal(id.email, email);
assert.equal(id.email_verified, true);
assert.deepEqual(access["cognito:groups"], ["admin", "staff"]);

await verifier.verify(tokens.AccessToken, { groups: ["staff", "others"] });
await refused("CognitoJwtInvalidGroupError", verifier.verify(tokens.AccessToken, { groups: ["others"] }));
await refused("CognitoJwtInvalidTokenUseError", verifier.verify(tokens.AccessToken, { tokenUse: "id" }));
await refused("CognitoJwtInvalidTokenUseError", verifier.verify(tokens.IdToken, { tokenUse: "access" }));
await refused("CognitoJwtInvalidClientIdError", verifier.verify(tokens.IdToken, { clientId: "another" }));

const [head, , signature] = tokens.AccessToken.split(".");
const forged = { ...claims(tokens.AccessToken), "cognito:groups": ["others"] };
const payload = Buffer.from(JSON.stringify(forged)).toString("base64url");
await refused("JwtInvalidSignatureError", verifier.verify([head, payload, signature].join(".")));

await local("keys/rotate", {});
await verifier.verify((await signIn()).AccessToken, { tokenUse: "access" });
await refused("KidNotFoundInJwksError", verifier.verify(tokens.AccessToken, { tokenUse: "access" }));
