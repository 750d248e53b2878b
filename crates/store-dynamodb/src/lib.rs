//! Sessions in DynamoDB, for many server processes.
