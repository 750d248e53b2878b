//! Every reason to refuse a request for its bearer token, with what HTTP says of it.

use http::StatusCode;

/// Why a request is not let through. Each has its status, its sentence and its challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No token came.
    NoToken,
    /// More than one `Authorization` header came.
    Repeated,
    /// The `Authorization` header has no token, or more than one.
    Malformed,
    /// The token is signed with a key that the issuer does not have.
    UnknownKey,
    /// The token's time is over.
    Expired,
    /// The token was revoked.
    Revoked,
    /// The token is not one for this service.
    Invalid,
    /// A good token of somebody who is not in the group.
    Group,
    /// A good token without the scope.
    Scope,
    /// A good token of somebody whom the policies do not permit this.
    NotPermitted,
    /// Without the issuer's keys nothing is known of the token.
    KeysUnavailable,
    /// There are no policies to ask.
    NoPolicies,
    /// Who tells of users does not.
    NoContext,
}

/// What is said of a [`Reason`].
struct Words {
    code: &'static str,
    status: StatusCode,
    detail: &'static str,
    /// `error` and `error_description` of the challenge, RFC 6750 §3.
    challenge: Option<(&'static str, &'static str)>,
    cause: &'static str,
}

impl Reason {
    /// Each of them.
    pub const ALL: [Self; 13] = [
        Self::NoToken,
        Self::Repeated,
        Self::Malformed,
        Self::UnknownKey,
        Self::Expired,
        Self::Revoked,
        Self::Invalid,
        Self::Group,
        Self::Scope,
        Self::NotPermitted,
        Self::KeysUnavailable,
        Self::NoPolicies,
        Self::NoContext,
    ];

    /// A name for programs and logs, such as `bearer_expired`.
    pub fn code(self) -> &'static str {
        self.words().code
    }

    /// 400, 401, 403 or 503.
    pub fn status(self) -> StatusCode {
        self.words().status
    }

    /// A sentence for people, where an application has none of its own.
    pub fn detail(self) -> &'static str {
        self.words().detail
    }

    /// What brings it about and what to do, for documentation.
    pub fn cause(self) -> &'static str {
        self.words().cause
    }

    /// `error` and `error_description` of the challenge.
    pub(super) fn challenge(self) -> Option<(&'static str, &'static str)> {
        self.words().challenge
    }

    fn words(self) -> Words {
        match self {
            Self::NoToken => Words {
                code: "bearer_missing",
                status: StatusCode::UNAUTHORIZED,
                detail: "Not authenticated",
                challenge: None,
                cause: "no token came: send `Authorization: Bearer <token>`",
            },
            Self::Repeated => malformed(
                "bearer_repeated",
                "more than one Authorization header",
                "send one `Authorization` header",
            ),
            Self::Malformed => malformed(
                "bearer_malformed",
                "the Authorization header is malformed",
                "send the scheme, one space and one token",
            ),
            Self::UnknownKey => Words {
                detail: "Invalid token key",
                ..invalid(
                    "bearer_unknown_key",
                    "the token is signed with an unknown key",
                    "no key of the issuer has the token's `kid`: a token of another user pool, as a rule",
                )
            },
            Self::Expired => invalid(
                "bearer_expired",
                "the token has expired",
                "take a new one: refresh, or sign in",
            ),
            Self::Revoked => invalid(
                "bearer_revoked",
                "the token was revoked",
                "the person signed out everywhere, or the sign-in was ended: sign in",
            ),
            Self::Invalid => invalid(
                "bearer_invalid",
                "the token is not valid here",
                "signature, issuer, app client or kind are not those that count here; the log says which, and `cogward token verify` tells",
            ),
            other => other.words_beside_the_token(),
        }
    }

    /// The token is good, or nothing is known of it.
    fn words_beside_the_token(self) -> Words {
        match self {
            Self::Group => insufficient(
                "bearer_group",
                "Group membership required",
                "the user is not in a group that may do this",
                "groups come with the next token: after a change sign in, or refresh",
            ),
            Self::Scope => insufficient(
                "bearer_scope",
                "Scope required",
                "the token does not have the scope for this",
                "`scope` of the challenge names the scopes that would do",
            ),
            Self::NotPermitted => insufficient(
                "bearer_not_permitted",
                "Not permitted",
                "the policies do not permit it",
                "a decision of the policies: `cogward policy explain` tells how it came about",
            ),
            Self::KeysUnavailable => unavailable(
                "keys_unavailable",
                "Signing keys are unavailable, please try again",
                "the issuer's key set could not be fetched and none is kept; nothing is known of the token",
            ),
            Self::NoContext => unavailable(
                "context_unavailable",
                "User context is unavailable, please try again",
                "the IAM service does not tell, and what it told is too old; the log has its answer",
            ),
            _ => unavailable(
                "policies_unavailable",
                "Authorization is unavailable, please try again",
                "no policies are in force; the log of the start or of the last reload says why",
            ),
        }
    }
}

fn malformed(code: &'static str, description: &'static str, cause: &'static str) -> Words {
    Words {
        code,
        status: StatusCode::BAD_REQUEST,
        detail: "Invalid Authorization header",
        challenge: Some(("invalid_request", description)),
        cause,
    }
}

fn invalid(code: &'static str, description: &'static str, cause: &'static str) -> Words {
    Words {
        code,
        status: StatusCode::UNAUTHORIZED,
        detail: "Invalid or expired token",
        challenge: Some(("invalid_token", description)),
        cause,
    }
}

fn insufficient(
    code: &'static str,
    detail: &'static str,
    description: &'static str,
    cause: &'static str,
) -> Words {
    Words {
        code,
        status: StatusCode::FORBIDDEN,
        detail,
        challenge: Some(("insufficient_scope", description)),
        cause,
    }
}

fn unavailable(code: &'static str, detail: &'static str, cause: &'static str) -> Words {
    Words {
        code,
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail,
        challenge: None,
        cause,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_reason_has_a_name_of_its_own_and_a_challenge_where_the_token_is_at_fault() {
        let codes: HashSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let error = reason.challenge().map(|(error, _)| error);
            let expected = match (reason, reason.status().as_u16()) {
                (Reason::NoToken, 401) | (_, 503) => None,
                (_, 400) => Some("invalid_request"),
                (_, 401) => Some("invalid_token"),
                (_, 403) => Some("insufficient_scope"),
                (_, other) => panic!("{reason:?} is {other}"),
            };
            assert_eq!(error, expected, "{reason:?}");
        }
    }
}
