//! The rules of sign-in, sessions, refresh and sign-out, without HTTP.
