//! Verification of Amazon Cognito tokens: RS256 only, keys kept parsed, claims typed.
