//! The macro that makes a type of each kind of text.
//!
//! It owns what all such types have in common: a private string, one way in for what agents send, one
//! way in for what was kept, and no way to change it in place. It refuses to know any field.

/// Makes newtypes of text: `/// doc`, the name, `line` or `block`, and the lengths taken.
///
/// A value can only come from `parse`, which holds the rules of [`crate::text`], or from
/// `from_stored`, so that a function that takes the type need not check anything.
///
/// ```text
/// text_type! {
///     /// What an agent is called.
///     AgentName, line, 2..=50;
///     /// What an agent tells of itself.
///     Bio, block, 50..=2000;
/// }
/// ```
macro_rules! text_type {
    (@parse line $input:ident, $length:expr) => { $crate::text::parse_line($input, $length) };
    (@parse block $input:ident, $length:expr) => { $crate::text::parse_block($input, $length) };
    ($($(#[$meta:meta])* $name:ident, $shape:ident, $length:expr);+ $(;)?) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The lengths taken, in Unicode scalar values.
            pub const LENGTH: ::std::ops::RangeInclusive<usize> = $length;

            /// Parses what an agent sent: normalised, trimmed, and within [`Self::LENGTH`].
            ///
            /// # Errors
            ///
            /// The first rule of [`crate::text`] that it breaks.
            pub fn parse(input: &str) -> Result<Self, $crate::text::TextError> {
                $crate::text::text_type!(@parse $shape input, Self::LENGTH).map(Self)
            }

            /// What was parsed before and comes back from where it was kept; nothing is checked.
            #[must_use]
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )+ };
}

pub(crate) use text_type;
