//! A file without a name that is encrypted with a key which only this process's memory has.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Bytes of a key of AES-256.
const KEY_BYTES: usize = 32;

/// The file.
pub(super) struct SealedFile {
    file: File,
    key: LessSafeKey,
    /// The number of the next block: no two are sealed with the same nonce.
    blocks: u64,
    end: u64,
}

/// Where a block is.
#[derive(Clone, Copy)]
pub(super) struct Block {
    number: u64,
    at: u64,
    len: usize,
}

impl SealedFile {
    /// Makes it in a folder. It is gone when it is closed, or when the process dies.
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(io::Error::other)?;
        Ok(Self { file: tempfile::tempfile_in(dir)?, key: LessSafeKey::new(key), blocks: 0, end: 0 })
    }

    /// Writes a block to the end.
    pub(super) fn seal(&mut self, mut plain: Vec<u8>) -> io::Result<Block> {
        let number = self.blocks;
        self.key.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut plain).map_err(io::Error::other)?;
        self.file.write_all_at(&plain, self.end)?;
        let block = Block { number, at: self.end, len: plain.len() };
        self.blocks += 1;
        self.end += u64::try_from(plain.len()).unwrap_or(u64::MAX);
        Ok(block)
    }

    /// What a block holds; one that was changed since is not read.
    pub(super) fn open(&self, block: Block) -> io::Result<Vec<u8>> {
        let mut sealed = vec![0; block.len];
        self.file.read_exact_at(&mut sealed, block.at)?;
        let len =
            self.key.open_in_place(nonce(block.number), Aad::empty(), &mut sealed).map_err(io::Error::other)?.len();
        sealed.truncate(len);
        Ok(sealed)
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce.iter_mut().zip(number.to_le_bytes()).for_each(|(to, byte)| *to = byte);
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_on_the_disk_in_no_readable_form_and_what_was_changed_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = SealedFile::create(folder.path()).unwrap();
        let said = b"an answer about a child".repeat(9);
        let (first, second) = (file.seal(said.clone()).unwrap(), file.seal(said.clone()).unwrap());
        let mut stored = vec![0; usize::try_from(file.end).unwrap()];
        file.file.read_exact_at(&mut stored, 0).unwrap();
        assert!(!stored.windows(9).any(|bytes| bytes == b"an answer"));
        assert_ne!(stored[..said.len()], stored[first.len..][..said.len()], "no nonce is used twice");
        assert_eq!((file.open(second).unwrap(), file.open(first).unwrap()), (said.clone(), said));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has a name");
        file.file.write_all_at(&[stored[3] ^ 1], 3).unwrap();
        assert!(file.open(first).is_err());
    }
}
