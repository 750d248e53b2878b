//! Test helpers: a running application, a browser with a cookie jar, a clock, tokens.
