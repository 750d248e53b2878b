use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error;

use crate::SendError;

/// What went wrong on the way to a mail that is taken.
pub(super) fn of(error: &Error) -> SendError {
    if error.is_transient() {
        SendError::Busy(numbers(error))
    } else if error.is_permanent() {
        SendError::Refused(numbers(error))
    } else {
        of_connection(error)
    }
}

/// The server offered encryption and then did not give it.
pub(super) fn of_starttls(error: &Error) -> SendError {
    match error.status() {
        Some(_) => SendError::NoStarttls,
        None => of_connection(error),
    }
}

/// Refused, or nowhere to be told: the server has no way to sign in that is known here.
pub(super) fn of_credentials(error: &Error) -> SendError {
    if error.is_permanent() {
        SendError::Credentials(numbers(error))
    } else if error.is_client() {
        SendError::Credentials("neither AUTH PLAIN nor AUTH LOGIN is offered".to_owned())
    } else {
        of(error)
    }
}

fn of_connection(error: &Error) -> SendError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(fault) = cause.downcast_ref::<io::Error>() {
            let told = fault.to_string().to_ascii_lowercase();
            // What rustls has to say of a certificate, or of bytes that are no TLS.
            return match fault.kind() {
                io::ErrorKind::InvalidData => SendError::Tls(told),
                io::ErrorKind::TimedOut => SendError::Late,
                _ => SendError::Unreached(told),
            };
        }
        source = cause.source();
    }
    SendError::Unreached("it does not speak smtp".to_owned())
}

/// `550 5.1.1`: reply code and, where there is one, enhanced status code (RFC 3463).
fn numbers(error: &Error) -> String {
    let code = error.status().map(|code| code.to_string());
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let enhanced = text.split(' ').next().filter(|word| {
        let is_number =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        word.split('.').count() == 3 && word.split('.').all(is_number)
    });
    let words: Vec<_> = code.as_deref().into_iter().chain(enhanced).collect();
    words.join(" ")
}
