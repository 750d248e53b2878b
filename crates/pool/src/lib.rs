//! A local Cognito-compatible user pool for development and tests.
