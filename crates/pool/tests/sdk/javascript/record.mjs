// What the SDK for JavaScript saw, by a middleware of its own: the outcomes of every operation,
// and the flows and challenges of sign-ins that were completed.

export const FAULT = "Fault set at /_local/faults";
const RESPONDING = { InitiateAuth: "RespondToAuthChallenge", AdminInitiateAuth: "AdminRespondToAuthChallenge" };

const sets = (names) => new Map(names.map((name) => [name, new Set()]));
const flows = sets(Object.keys(RESPONDING));
const challenges = sets(Object.values(RESPONDING));
/** Session or secret block -> the flow that began it. */
const flowOf = new Map();
const outcomes = new Map();

/** What an operation has come to so far. */
export function of(operation) {
  if (!outcomes.has(operation)) outcomes.set(operation, { ok: false, errors: new Set(), faults: new Set() });
  return outcomes.get(operation);
}

export function watch(client) {
  const noting = (next, context) => async (given) => {
    const operation = context.commandName.replace(/Command$/, "");
    const seen = of(operation);
    try {
      const answer = await next(given);
      seen.ok = true;
      noteSignIn(operation, given.input, answer.output);
      return answer;
    } catch (error) {
      (error.message === FAULT ? seen.faults : seen.errors).add(error.name);
      throw error;
    }
  };
  client.middlewareStack.add(noting, { step: "initialize", name: "noting" });
}

/** A flow is complete when it ends in tokens, a challenge when its answer is taken. */
function noteSignIn(operation, given, answer) {
  const block = given.ChallengeResponses?.PASSWORD_CLAIM_SECRET_BLOCK;
  const flow = given.AuthFlow ?? flowOf.get(given.Session ?? block);
  const following = answer.Session ?? answer.ChallengeParameters?.SECRET_BLOCK;
  if (following) flowOf.set(following, flow);
  challenges.get(operation)?.add(given.ChallengeName);
  const pair = Object.entries(RESPONDING).find((names) => names.includes(operation));
  if (pair && answer.AuthenticationResult) flows.get(pair[0]).add(flow);
}

const sorted = (entries, show) => Object.fromEntries([...entries].sort().map(([name, one]) => [name, show(one)]));
const list = (set) => [...set].sort();

/** The record as sorted lists, for JSON. */
export function written() {
  const operations = sorted(outcomes, ({ ok, errors, faults }) => ({
    ok,
    errors: list(errors),
    faults: list(faults).filter((name) => !errors.has(name)),
  }));
  return { operations, flows: sorted(flows, list), challenges: sorted(challenges, list) };
}
