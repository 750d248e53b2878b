use cogward_session::Timestamp;

/// What is kept of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Cognito's name for ever.
    pub sub: String,
    /// In canonical form; of nobody else. None when Cognito told none, or another has it by now.
    pub email: Option<String>,
    /// The address was shown to be this person's.
    pub email_verified: bool,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// At sign-up through the accounts API.
    pub terms_accepted_at: Option<Timestamp>,
    /// Of the record.
    pub created_at: Timestamp,
    /// The last sign-in that was seen here.
    pub last_signed_in_at: Option<Timestamp>,
}

/// What is known of a person at a moment: from his sign-up, or from a verified ID token.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Whose record it is.
    pub sub: String,
    /// In canonical form. None leaves what is kept, as it does in the names.
    pub email: Option<String>,
    /// Whether Cognito says that the address is this person's.
    pub email_verified: bool,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// When Cognito said so: of two words the later counts. Zero is before any of Cognito's.
    pub told_at: Timestamp,
    /// Now: when the record begins, if there is none.
    pub at: Timestamp,
    /// It is a sign-up, at which the terms were accepted; else it is a sign-in.
    pub signed_up: bool,
}

impl Seen {
    /// When the terms were accepted, if they were now.
    #[must_use]
    pub fn terms_accepted_at(&self) -> Option<Timestamp> {
        self.signed_up.then_some(self.at)
    }

    /// When the person signed in, if that is now.
    #[must_use]
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        (!self.signed_up).then_some(self.at)
    }
}
