// CUSTOM_AUTH with functions beside the pool, and what becomes of those that fail.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { admin, api, isTokens, makeUser, password, refused, settings } from "./pool.mjs";
import { Exchange } from "./srp.mjs";

/** The three functions: a riddle, after the proof of the password when the sign-in begins with it. */
const functions = {
  define({ session }) {
    const { challengeName, challengeResult } = session.at(-1) ?? {};
    if (challengeName === "SRP_A") {
      return { challengeName: "PASSWORD_VERIFIER", issueTokens: false, failAuthentication: false };
    }
    const issueTokens = challengeName === "CUSTOM_CHALLENGE" && challengeResult;
    return { challengeName: "CUSTOM_CHALLENGE", issueTokens, failAuthentication: session.length > 3 };
  },
  create: () => ({ publicChallengeParameters: { riddle: "6 x 7" }, privateChallengeParameters: { answer: "42" } }),
  verify: ({ challengeAnswer, privateChallengeParameters }) => ({
    answerCorrect: challengeAnswer === privateChallengeParameters.answer,
  }),
};

/** What a function answers instead of what it should. */
const broken = {};

async function serve(request, response) {
  const name = request.url.slice(1);
  const event = JSON.parse(Buffer.concat(await request.toArray()));
  response.end(broken[name] ?? JSON.stringify({ ...event, response: functions[name](event.request) }));
}

async function riddle(door, USERNAME) {
  await makeUser(USERNAME);
  const answer = (challenge, ANSWER) => door.answer(challenge, USERNAME, { ANSWER });
  const challenge = await door.begin("CUSTOM_AUTH", { USERNAME });
  assert.equal(challenge.ChallengeName, "CUSTOM_CHALLENGE");
  assert.equal(challenge.ChallengeParameters.riddle, "6 x 7");
  const again = await answer(challenge, "41");
  assert.equal(again.ChallengeName, "CUSTOM_CHALLENGE");
  isTokens((await answer(again, "42")).AuthenticationResult);

  const exchange = new Exchange();
  const first = { USERNAME, CHALLENGE_NAME: "SRP_A", SRP_A: exchange.SRP_A };
  const proof = await door.begin("CUSTOM_AUTH", first);
  assert.equal(proof.ChallengeName, "PASSWORD_VERIFIER");
  const then = await door.answer(proof, USERNAME, exchange.proof(proof.ChallengeParameters, password));
  assert.equal(then.ChallengeName, "CUSTOM_CHALLENGE");
  isTokens((await answer(then, "42")).AuthenticationResult);
}

async function failures(door, USERNAME) {
  const begin = () => door.begin("CUSTOM_AUTH", { USERNAME });
  const answer = (challenge) => door.answer(challenge, USERNAME, { ANSWER: "42" });
  for (const [body, error] of [
    [JSON.stringify({ errorMessage: "no riddles today" }), "UserLambdaValidationException"],
    ["?", "InvalidLambdaResponseException"],
  ]) {
    broken.define = body;
    assert.match(await refused(error, begin()), /DefineAuthChallenge/);
    delete broken.define;
    broken.verify = body;
    await refused(error, answer(await begin()));
    delete broken.verify;
  }
  const challenge = await begin();
  // Nobody listens at port 1.
  await settings({ triggers: triggers(() => "http://127.0.0.1:1/") });
  await refused("UnexpectedLambdaException", begin());
  await refused("UnexpectedLambdaException", answer(challenge));
}

const triggers = (url) => ({
  define_auth_challenge: url("define"),
  create_auth_challenge: url("create"),
  verify_auth_challenge_response: url("verify"),
});

export async function run() {
  const server = createServer(serve);
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  for (const door of [api, admin]) {
    const name = door.admin ? "admin@example.com" : "api@example.com";
    await settings({ triggers: triggers(() => null) });
    await refused("InvalidParameterException", door.begin("CUSTOM_AUTH", { USERNAME: name }));
    await settings({ triggers: triggers((path) => `http://127.0.0.1:${server.address().port}/${path}`) });
    await riddle(door, name);
    await failures(door, name);
  }
  server.close();
}
