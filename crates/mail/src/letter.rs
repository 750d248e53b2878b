/// What there is to tell a person.
#[derive(Clone, Copy)]
pub enum Letter<'a> {
    /// The code to choose another password with: for codes of one's own. Cognito mails its own.
    PasswordResetCode {
        /// As it is to be typed.
        code: &'a str,
        /// How long it is good for from now on.
        minutes: u32,
    },
    /// To the owner of an address with which somebody tried to register: there is an account.
    /// Nothing in it comes from whoever tried.
    AddressTaken,
    /// The account has another password.
    PasswordChanged,
}

impl Letter<'_> {
    /// Of its templates, and in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::PasswordResetCode { .. } => "password_reset_code",
            Self::AddressTaken => "address_taken",
            Self::PasswordChanged => "password_changed",
        }
    }
}
