//! `pintle hash`: makes of a secret what a configuration may hold. Owns which secrets are refused or warned of, and the
//! lines that come out; a secret itself is neither kept nor told, but for a key that was made here.

use crate::run::say;
use crate::terminal;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use pintle_core::secret::Secret;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// A key travels in a header, a query or a cookie.
const LONGEST_KEY: usize = 512;
/// Below this, a key that was not drawn at random is guessed: SHA-256 is fast.
const SHORT_KEY: usize = 24;
/// Hashing much more would be work for whoever logs in with it.
const LONGEST_PASSWORD: usize = 1024;
/// OWASP's bound is 8 with a second factor and 15 without; between them a word of advice is enough.
const SHORT_PASSWORD: usize = 12;
/// What tells that a leaked text is a key, and whose.
const PREFIX: &str = "pintle_";
/// Characters of a made key, each of 5 bits: 200 bits.
const MADE: usize = 40;
/// No letter or digit that is taken for another one.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Argon2id as the OWASP Password Storage Cheat Sheet recommends it: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What is to be hashed.
#[derive(clap::Subcommand)]
pub(crate) enum Hash {
    /// An API key, by SHA-256: prints `api_keys: [{sha256: …}]` for a consumer.
    ///
    /// The key is asked for, or read from standard input. It is no argument: other users of the machine see a program's
    /// arguments, and shells keep them in their history.
    ApiKey {
        /// Makes a key of 200 random bits, and prints it before the line for the configuration. It is not kept.
        #[arg(long)]
        generate: bool,
        #[command(flatten)]
        refused: Refused,
    },
    /// A password, by Argon2id: prints `password: {argon2: …}` for a consumer's `basic_auth`.
    ///
    /// The password is asked for, or read from standard input. It is no argument: other users of the machine see a
    /// program's arguments, and shells keep them in their history.
    ///
    /// Parameters: m=19456 (KiB), t=2, p=1, as OWASP recommends them, with 16 random bytes of salt.
    Password {
        #[command(flatten)]
        refused: Refused,
    },
}

/// A secret as an argument is understood, so that it can be refused without being repeated.
#[derive(clap::Args)]
pub(crate) struct Refused {
    #[arg(hide = true, value_name = "SECRET")]
    secrets: Vec<OsString>,
}

/// Hashes what was asked for.
pub(crate) fn hash(what: &Hash) -> ExitCode {
    let (Hash::ApiKey { refused, .. } | Hash::Password { refused }) = what;
    let hashed = if refused.secrets.is_empty() {
        match what {
            Hash::ApiKey { generate: true, .. } => generated(),
            Hash::ApiKey { .. } => read("API key", "API key", LONGEST_KEY).and_then(|key| {
                if key.len() < SHORT_KEY {
                    say(format_args!(
                        "warning: a key of under {SHORT_KEY} characters can be guessed from its hash; `--generate` makes one that cannot"
                    ));
                }
                api_key(&key)
            }),
            Hash::Password { .. } => read("Password", "password", LONGEST_PASSWORD).and_then(|given| {
                if let Some(why) = weak(&given) {
                    say(format_args!("warning: {why}: easy to guess, also from its hash"));
                }
                password(&given, &random::<16>()?)
            }),
        }
    } else {
        Err("a secret is no argument: other users see a program's arguments, and shells keep them. \
             Type it when asked, or pipe it in; and take another one, as this one was seen"
            .into())
    };
    match hashed {
        Ok(lines) => {
            let _ = io::stdout().write_all(lines.as_bytes());
            ExitCode::SUCCESS
        }
        Err(why) => {
            say(format_args!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn generated() -> Result<String, String> {
    let letters = random::<MADE>()?;
    let letters = letters.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let key: String = PREFIX.chars().chain(letters).collect();
    let line = api_key(&Secret::new(key.clone()))?;
    say("the key, told this once, and the line for a consumer in the configuration:");
    Ok(format!("{key}\n{line}"))
}

/// The line for a key.
fn api_key(key: &Secret) -> Result<String, String> {
    if !key.expose_bytes().iter().all(u8::is_ascii_graphic) {
        return Err("a key consists of visible ASCII characters without spaces, as it travels in a header".into());
    }
    let mut line = String::from("api_keys: [{sha256: ");
    for byte in digest(&SHA256, key.expose_bytes()).as_ref() {
        let _ = write!(line, "{byte:02x}");
    }
    Ok(line + "}]\n")
}

/// The line for a password.
fn password(password: &Secret, salt: &[u8; 16]) -> Result<String, String> {
    let text = password.expose_text().ok_or("a password is text in UTF-8")?;
    if text.chars().any(char::is_control) {
        return Err("a password is one line without control characters (RFC 7617 2)".into());
    }
    let failed = |error: &dyn std::fmt::Display| format!("Argon2 fails: {error}");
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| failed(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(text.as_bytes(), salt).map_err(|error| failed(&error))?;
    Ok(format!("password: {{argon2: \"{hash}\"}}\n"))
}

/// What makes a password easy to guess, if anything does.
fn weak(password: &Secret) -> Option<String> {
    let text = password.expose_text()?;
    if text.chars().count() < SHORT_PASSWORD {
        return Some(format!("it has under {SHORT_PASSWORD} characters"));
    }
    let different = text.chars().collect::<BTreeSet<_>>().len();
    (different < 5).then(|| format!("it has only {different} different characters"))
}

/// The secret from whoever is there: twice from a person, as nobody sees what they type.
fn read(prompt: &str, what: &str, most: usize) -> Result<Secret, String> {
    let failed = |error: io::Error| format!("the {what} cannot be read: {error}");
    let secret = if io::stdin().is_terminal() {
        let first = terminal::secret(&format!("{prompt}: ")).map_err(failed)?;
        if !first.is_empty() {
            let again = terminal::secret("The same again: ").map_err(failed)?;
            if !again.equals(first.expose_bytes()) {
                return Err("the two are not the same".into());
            }
        }
        first
    } else {
        terminal::piped_secret(most).map_err(failed)?
    };
    match secret.len() {
        0 => Err(format!("the {what} is empty")),
        length if length > most => Err(format!("the {what} has more than {most} bytes")),
        _ => Ok(secret),
    }
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], String> {
    let mut bytes = [0; LENGTH];
    rand::fill(&mut bytes).map_err(|_| "the system gives no random numbers")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{api_key, password, weak};
    use pintle_core::secret::Secret;

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    #[test]
    fn a_key_is_hashed_as_the_standard_says() {
        // FIPS 180-4's example for one block.
        let line = api_key(&secret("abc")).expect("a key");
        assert_eq!(line, "api_keys: [{sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}]\n");
        for key in ["two words", "tab\t", "ümlaut", "line\nline"] {
            assert!(api_key(&secret(key)).is_err(), "{key}");
        }
    }

    #[test]
    fn a_password_is_hashed_with_the_recommended_parameters() {
        // As the reference implementation gives it.
        let line = password(&secret("correct-horse"), b"saltsaltsaltsalt").expect("a password");
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$WfPnSpo5dPwz04O6R4xdhoAh3QZSqx54OncEmuENylc";
        assert_eq!(line, format!("password: {{argon2: \"{hash}\"}}\n"));
        let other = password(&secret("correct-horse"), b"SALTsaltsaltsalt").expect("a password");
        assert_ne!(line, other);
        assert!(password(&secret("a\nb"), b"saltsaltsaltsalt").is_err());
        assert!(password(&Secret::from(vec![0xff]), b"saltsaltsaltsalt").is_err());
    }

    #[test]
    fn short_and_uniform_passwords_are_weak() {
        for text in ["hunter2", "aaaaaaaaaaaaaaaaaaaa", "121212121212121"] {
            assert!(weak(&secret(text)).is_some(), "{text}");
        }
        assert!(weak(&secret("correct horse battery staple")).is_none());
    }
}
