//! `[aws]`

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::stores::AwsCredentials;
use crate::setting::Setting;

/// The values, each of which may be missing.
pub(crate) struct Aws {
    access_key_id: Option<Secret>,
    secret_access_key: Option<Secret>,
    session_token: Option<Secret>,
}

impl Aws {
    /// Both halves of a key; one alone is none, and a broken rule where it matters.
    pub(crate) fn credentials(&self) -> Option<AwsCredentials> {
        Some(AwsCredentials {
            access_key_id: self.access_key_id.clone()?,
            secret_access_key: self.secret_access_key.clone()?,
            session_token: self.session_token.clone(),
        })
    }
}

pub(crate) static SECTION: Section = Section {
    name: "aws",
    doc: "Credentials for DynamoDB, SES and administrators' calls on the user pool. Better without: then they are those of the machine, function \
          or container, found as every AWS SDK does, and change by themselves.",
    settings: &[
        &ACCESS_KEY_ID.about,
        &SECRET_ACCESS_KEY.about,
        &SESSION_TOKEN.about,
    ],
};

pub(crate) static ACCESS_KEY_ID: Setting<Secret> =
    Setting::new("aws.access_key_id", "AWS access key id.")
        .env(&["AWS_ACCESS_KEY_ID"])
        .check(access_key_id);
pub(crate) static SECRET_ACCESS_KEY: Setting<Secret> =
    Setting::new("aws.secret_access_key", "AWS secret access key.").env(&["AWS_SECRET_ACCESS_KEY"]);
static SESSION_TOKEN: Setting<Secret> = Setting::new(
    "aws.session_token",
    "AWS session token, which belongs to temporary keys.",
)
.env(&["AWS_SESSION_TOKEN"]);

pub(crate) fn load(r: &mut Reader<'_>) -> Aws {
    Aws {
        access_key_id: r.given(&ACCESS_KEY_ID),
        secret_access_key: r.given(&SECRET_ACCESS_KEY),
        session_token: r.given(&SESSION_TOKEN),
    }
}

/// `AccessKeyId` of AWS: 16 to 128 word characters.
fn access_key_id(text: &str) -> Result<(), String> {
    let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good && (16..=128).contains(&text.len()) {
        Ok(())
    } else {
        Err("must be an AWS access key id: at least 16 letters and digits".to_owned())
    }
}
