//! A local Cognito-compatible user pool for development and tests.
//!
//! It listens on the loopback interface only, speaks the user-pool API
//! (`X-Amz-Target: AWSCognitoIdentityProviderService.*`), the OAuth endpoints of
//! a user-pool domain and the hosted pages, and keeps its data in SQLite.
//! [`local`] describes the surface for people and tests under `/_local`.
//!
//! Where the documents of the real service are silent, this pool decides:
//!
//! * Sign-in names: where addresses are the names, `username` is the `sub`. Names, addresses
//!   (in any case) and the `sub` are all taken wherever a name is asked; no user can choose
//!   another's `sub` as his name.
//! * A rotated refresh token used again inside the grace period gets a fresh
//!   successor; used later it is refused, and its session lives on. With the setting
//!   `refresh_reuse_revokes` the whole sign-in ends (RFC 9700 section 4.14.2).
//! * A scope that is not the client's is `invalid_scope`, also where Cognito's guide says
//!   ignored; one that its resource server no longer has is left out. `profile` opens every
//!   attribute the client may read. A client that may not read what `email` or `phone` open is
//!   refused such codes (`invalid_grant`), and tokens of the implicit flow (`invalid_scope`).
//! * The implicit flow answers errors in the fragment, too. `prompt` takes the four values
//!   Cognito knows and `none` only alone, else `invalid_request`.
//! * `resource` at the token endpoint is ignored for users, whose tokens are bound when they sign
//!   in, and `invalid_request` for `client_credentials`. A client's own token has itself as `sub`.
//! * A challenge of the hosted pages is answered in the browser that began it, at `/challenge`.
//!   They offer a code in place of the password beside the field for it.
//! * A wrong code counts towards 15 (sign-up, verification) or 10 (reset) an hour for each user,
//!   over new codes and new addresses. How often a code is sent, and calls a second, are limited
//!   only when the settings say so.
//! * Neither a password reset nor a change ends a session, but either voids the sign-ins under way
//!   and the authorization codes, as another temporary password and every sign-out everywhere
//!   do. GlobalSignOut leaves the browser's session with the pages, AdminDisableUser ends it.
//!   Whether a password came before is told to nobody but who has the right code or password.
//! * A code verifies the address it went to, and is void once the user has another one. While a
//!   change waits to be verified, GetUserAttributeVerificationCode sends to the new address;
//!   writing the old one takes the change back.
//! * Where addresses are the names the last of a user's cannot be deleted. Who deletes an address
//!   has it no longer as a second factor.
//! * The access token of a user who is deleted answers UserNotFoundException, of one whom an
//!   administrator made unconfirmed or due for a reset UserNotConfirmedException and
//!   PasswordResetRequiredException, where an operation does not declare it NotAuthorizedException.
//! * A user has at most 1000 sign-ins and 100 devices, a sign-in 100 refresh tokens: the oldest go
//!   first, a device with what it signed in. A replaced token older than that is an unknown one.
//! * `AuthParameters` and `ChallengeResponses` are held to the lengths that the service model gives the
//!   same things elsewhere. A user has at most 50 custom attributes.
//! * RevokeUserSession takes another user's session for one that does not exist. The current one
//!   is an InvalidParameterException.
//! * ForgotPassword of an unconfirmed user is an InvalidParameterException, or looks like any
//!   other when unknown names are hidden.
//! * An answer to a challenge that can be put right (a wrong code, a password against the
//!   policy) leaves its session; any other spends it.
//! * A password is kept as its SRP verifier alone, as whoever speaks SRP must: who has the
//!   database can try passwords at the cost of one, a millisecond or two. A hash made slow
//!   beside it would protect nothing. A database of an earlier version, which hashed them
//!   otherwise, is moved aside.
//! * A proof by SRP may be dated five minutes off, by the pool's clock or by the machine's, which
//!   is the one its client has. A name nobody has gets a salt and a user id that stay the same
//!   while the data directory does.
//! * A lock refuses the proof, not the challenge before it.
//! * Passkeys are ES256, RS256 or Ed25519 keys. Attestation whose certificates would have to be
//!   trusted counts as none and is let in; one by the passkey itself must verify. Pages of
//!   `https` on the relying party's host or below it may use them, with a relying party
//!   `localhost` also `http` pages of loopback addresses; none in another origin's frame.
//! * A registration of a passkey waits as long as a challenge of a sign-in; the next one with the
//!   same access token takes its place. A passkey that somebody has already is an
//!   InvalidParameterException, one of a relying party that the pool no longer is stays listed
//!   and counted but signs nobody in.
//! * `SELECT_CHALLENGE` brings `CREDENTIAL_REQUEST_OPTIONS` along, so that `CREDENTIAL` can come
//!   with the choice. Whatever is wrong with it, a sign-in says the same words. Half of the names
//!   nobody has seem to have a passkey, always the same ones.
//! * Wrong passkeys lock nobody out.
//! * The pages ask for passkeys where their own host is the relying party and the client has
//!   `USER_AUTH`. Whoever opens `/passkeys/add` without having signed in there does that first,
//!   and is then sent on to the application.
//! * An app that was enrolled with an access token is asked for once it is enabled, or required;
//!   one that was enrolled on the way in is enabled by it, and no other session replaces it. A
//!   code of an app that was taken before is an ExpiredCodeException.
//! * Wrong codes of second factors are counted apart from passwords, so that the right password
//!   forgives none; those of first factors count as wrong passwords. Both lock.
//! * Where a second factor is required, enabling and disabling change what is listed and not what
//!   is asked for. Somebody without any who can set none up is refused.
//! * Codes as a first factor go to verified addresses only. A code is void once the address has
//!   changed.
//! * Whether a passkey counts for both factors is the pool's to say: SetUserMFAPreference takes
//!   `WebAuthnMfaSettings` that agree with it and refuses others.
//! * In `CUSTOM_AUTH` an administrator's password is replaced before tokens are issued, whatever the
//!   functions say. Who has proven the password is asked for a second factor, where there is one,
//!   before they go on.
//! * An administrator makes users without the required attributes; they give them with their
//!   first password. None can be deleted.
//! * Names nobody has differ in the factors they seem to have, and in capitals, as users do.
//! * Step-up authentication (`TARGET_ACR_VALUES`, `MAX_AGE`, `ACCESS_TOKEN` of InitiateAuth) is an
//!   InvalidParameterException; `max_age` of the authorize request asks again.
//! * ConfirmSignUp with a session too late, or somebody else's, confirms and gives no session;
//!   without any it gives one, which is what Amplify goes on with.
//! * Operations of administrators ask for no AWS signature and check none. They have the words of
//!   their twins, unknown names hidden or not.
//! * An invitation goes to the telephone, else to the e-mail, unless `DesiredDeliveryMediums`
//!   says; nobody without either gets one. An alias that another has is a
//!   UsernameExistsException, as AdminCreateUser declares no other.
//! * AdminDisableUser ends every sign-in, refresh tokens too; enabling brings none back.
//! * A sign-in under way of a user who is disabled meanwhile gets no tokens.
//! * Lists are in the order of creation, those of groups by name; a page has 60 at most, and a
//!   token is good for the same list and filter. AttributesToGet leaves out what a user has not.
//! * UpdateGroup changes what it is given. A group without a role is passed over for the role
//!   that is preferred.
//! * Devices: a `DEVICE_KEY` that is not one of the user's own, forgotten or never confirmed, is no
//!   device: the sign-in gets a new key, and no error tells whose the other is. A key is confirmed
//!   by the user of a living sign-in it was given in. A device that is tracked but not remembered
//!   is not asked for its secret and leaves the second factor where it was. `DEVICE_SRP_AUTH` may
//!   be answered without its session, as pycognito does: it then waits until one has proven the
//!   device's secret. What a forgotten device signed in is refreshed no more; its access tokens
//!   live on. Without devices in the settings their operations answer
//!   `InvalidUserPoolConfigurationException`. The hosted pages keep none.
//! * Where nothing is rotated any more, a token that was replaced before is a
//!   NotAuthorizedException at InitiateAuth, which declares no other.

mod calls;
mod client;
mod clock;
mod codes;
mod core;
mod db;
mod definition;
mod device;
mod error;
mod fault;
mod grant;
mod group;
mod ids;
mod key;
mod key_file;
mod limit;
mod listen;
pub mod local;
mod local_pool;
mod model;
mod oauth;
mod ops;
mod options;
mod owner;
mod pages;
mod password;
mod pool;
mod random;
mod router;
mod scope;
mod seed;
mod settings;
mod sign_in;
mod srp;
mod stats;
mod tls;
mod token;
mod trigger;
mod user;
mod users;
mod web_authn;

pub use client::{CLIENT_SECRET, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
pub use local_pool::{LocalPool, LocalPoolError};
pub use options::{POOL_ID, PoolError, PoolOptions};
pub use pool::Pool;
pub use seed::{Seed, SeedError};
pub use tls::CERTIFICATE_FILE;
pub use users::{Users, UsersError};
