//! Keys and client secrets: where they come from, and how they are read.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::{SecretBox, SecretString};

use super::environment::variable;

/// Bytes of a secret's file: a key is 64 characters, a client secret at most some hundreds.
const SECRET_BYTES_MAX: u64 = 4_096;

/// Bytes of a private key in PEM: 4,096 bits of RSA have 3,300.
const PEM_BYTES_MAX: u64 = 16 << 10;

/// Where a secret is kept. It is never on the command line, which others can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file that only its owner can read.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
}

/// Why a secret could not be had. Never the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretTrouble {
    /// The file cannot be read.
    #[error("read the secret in {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others than its owner can read the file.
    #[error("use the secret in {}: others than its owner can read it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The variable is not set.
    #[error("find the secret: the variable {0} is not set")]
    Unset(String),
    /// Nothing is there, or too much.
    #[error("use the secret in {0}: it is empty or too long")]
    Size(String),
    /// It is not a key.
    #[error("use the key in {0}: a key is 64 hexadecimal digits")]
    NotAKey(String),
}

impl SecretTrouble {
    /// Its stable code.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::File { .. } => "secret-not-readable",
            Self::Exposed { .. } => "secret-exposed",
            Self::Unset(_) => "secret-not-set",
            Self::Size(_) => "secret-size",
            Self::NotAKey(_) => "secret-no-key",
        }
    }

    /// The file that holds the secret, where the trouble is with it.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } | Self::Exposed { path } => Some(path),
            Self::Unset(_) | Self::Size(_) | Self::NotAKey(_) => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::File { path, .. } => format!(
                "`tessera init` makes a configuration with its key; if the ledger exists already, put its key back at {}",
                path.display()
            ),
            Self::Exposed { path } => format!("chmod 600 {}", path.display()),
            Self::Unset(name) => format!("set {name} for the account that runs tessera, or name a file instead"),
            Self::Size(place) | Self::NotAKey(place) => {
                format!("put the secret back into {place} from where it is kept safe")
            }
        }
    }
}

impl SecretSource {
    /// The secret as text, white space around it taken off.
    pub fn text(&self) -> Result<SecretString, SecretTrouble> {
        self.text_of(SECRET_BYTES_MAX)
    }

    /// A private key in PEM, which is longer than other secrets are.
    pub fn pem(&self) -> Result<SecretString, SecretTrouble> {
        self.text_of(PEM_BYTES_MAX)
    }

    fn text_of(&self, bytes_max: u64) -> Result<SecretString, SecretTrouble> {
        let text = match self {
            Self::File(path) => read_private(path, bytes_max)?,
            Self::Environment(name) => variable(name)
                .ok_or_else(|| SecretTrouble::Unset(name.clone()))?
                .into_string()
                .map_err(|_| SecretTrouble::Size(self.place()))?,
        };
        let text = text.trim();
        if text.is_empty() { Err(SecretTrouble::Size(self.place())) } else { Ok(SecretString::from(text)) }
    }

    /// The secret as a key of 32 bytes, written as 64 hexadecimal digits.
    pub fn key(&self) -> Result<SecretBox<[u8; 32]>, SecretTrouble> {
        use secrecy::ExposeSecret as _;
        let text = self.text()?;
        let key = from_hexadecimal(text.expose_secret()).ok_or_else(|| SecretTrouble::NotAKey(self.place()))?;
        Ok(SecretBox::new(Box::new(key)))
    }

    fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Environment(name) => name.clone(),
        }
    }
}

fn from_hexadecimal(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

fn read_private(path: &Path, bytes_max: u64) -> Result<String, SecretTrouble> {
    let failed = |source| SecretTrouble::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if exposed(&about) {
        return Err(SecretTrouble::Exposed { path: path.to_owned() });
    }
    if about.len() > bytes_max {
        return Err(SecretTrouble::Size(path.display().to_string()));
    }
    let mut text = String::new();
    file.take(bytes_max).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(unix)]
fn exposed(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn exposed(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_key_is_64_hexadecimal_digits_in_a_file_that_nobody_else_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.key");
        let source = SecretSource::File(path.clone());
        assert!(matches!(source.key(), Err(SecretTrouble::File { .. })));

        std::fs::write(&path, format!("{}\n", "0f".repeat(32))).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
            assert!(matches!(source.key(), Err(SecretTrouble::Exposed { .. })));
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        }
        assert_eq!(source.key().unwrap().expose_secret(), &[15; 32]);

        for bad in ["", "abc", &"zz".repeat(32), &"+f".repeat(32)] {
            std::fs::write(&path, bad).unwrap();
            assert!(source.key().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_trouble_never_holds_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.key");
        std::fs::write(&path, "a-secret-that-is-no-key").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        }
        let trouble = SecretSource::File(path).key().unwrap_err();
        assert!(!format!("{trouble} {trouble:?} {}", trouble.help()).contains("a-secret"));
    }
}
