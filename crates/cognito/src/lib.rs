//! Every word said to Amazon Cognito: hosted-UI endpoints and user-pool API.
