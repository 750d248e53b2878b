// Drives every operation of the pools at POOL_URL and ALIAS_POOL_URL with unmodified
// @aws-sdk/client-cognito-identity-provider, a topic a time, and prints the record of what came
// back as JSON.

import * as pool from "./pool.mjs";
import * as record from "./record.mjs";

const topics = `
account attributes sessions sign_in second_factors devices passkeys custom users groups describe
inputs bearers limits unsupported faults
`.trim().split(/\s+/);

for (const topic of process.argv.length > 2 ? process.argv.slice(2) : topics) {
  const started = performance.now();
  for (const url of [pool.url, pool.aliasUrl]) await pool.local("reset", {}, url);
  await (await import(`./${topic}.mjs`)).run();
  console.error(`${topic}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
console.log(JSON.stringify({ version: pool.version, ...record.written() }, null, 2));
