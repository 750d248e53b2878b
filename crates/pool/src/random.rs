use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The system's random source, asked directly: AWS-LC's takes most of a pool's start to get ready
/// for the first bytes.
#[derive(Debug, Default)]
pub(crate) struct Random(());

impl Random {
    /// # Panics
    /// When the system has no randomness to give, which nothing here could repair.
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// 256 bits as unpadded base64url.
    pub(crate) fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    pub(crate) fn uuid(&self) -> String {
        uuid::Builder::from_random_bytes(self.bytes())
            .into_uuid()
            .to_string()
    }

    /// The shape Cognito gives `kid`: standard base64 of 32 bytes.
    pub(crate) fn key_id(&self) -> String {
        STANDARD.encode(self.bytes::<32>())
    }

    /// The opaque session of a sign-in under way, of about the length of Cognito's.
    pub(crate) fn session(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<1170>())
    }

    /// `SECRET_BLOCK` of an SRP exchange, of about the length of Cognito's.
    pub(crate) fn secret_block(&self) -> String {
        STANDARD.encode(self.bytes::<960>())
    }

    /// Six decimal digits, each value equally likely.
    pub(crate) fn code(&self) -> String {
        const LIMIT: u32 = u32::MAX - u32::MAX % 1_000_000;
        loop {
            let number = u32::from_be_bytes(self.bytes());
            if number < LIMIT {
                return format!("{:06}", number % 1_000_000);
            }
        }
    }

    /// An opaque token in the five-part shape and about the length of Cognito's refresh tokens.
    pub(crate) fn refresh_token(&self) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#);
        let [key, iv, text, tag] = [
            URL_SAFE_NO_PAD.encode(self.bytes::<256>()),
            URL_SAFE_NO_PAD.encode(self.bytes::<12>()),
            URL_SAFE_NO_PAD.encode(self.bytes::<720>()),
            URL_SAFE_NO_PAD.encode(self.bytes::<16>()),
        ];
        format!("{header}.{key}.{iv}.{text}.{tag}")
    }

    #[expect(
        clippy::expect_used,
        reason = "without randomness no secret can be made"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system gives random bytes");
    }
}
