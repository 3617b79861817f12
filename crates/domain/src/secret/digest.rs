//! The digests by which secrets and names are kept.
//!
//! The module owns that all of them are SHA-256 and told apart by their types. It refuses to know what
//! is digested.

/// Makes newtypes of a SHA-256 digest: `/// doc` and the name.
///
/// Whatever is digested so has 256 random bits, or need not be kept from being guessed: hence no salt
/// and no slow hash.
macro_rules! digest_type {
    ($($(#[$meta:meta])* $name:ident);+ $(;)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The digest of `text`.
            fn of(text: &str) -> Self {
                let mut bytes = [0; 32];
                let digest = ::ring::digest::digest(&::ring::digest::SHA256, text.as_bytes());
                bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
                Self(bytes)
            }

            /// A digest that was kept.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The digest.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        /// Redacted: a digest in a log would tell that somebody's secret was at work there.
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…redacted)"))
            }
        }
    )+ };
}

pub(crate) use digest_type;
