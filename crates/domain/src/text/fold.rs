//! The forms by which texts are compared: without regard to case, and as the eye takes them.
//!
//! The module owns the two foldings and refuses to know what they are compared for. Neither form is
//! ever shown: it is kept beside the text, as a key.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// A text without regard to case: full default case folding (Unicode, section 3.13, definition D145:
/// canonical caseless matching) in Normalization Form C.
///
/// Two texts that differ in case alone, or in canonically equivalent characters, fold to the same.
///
/// ```
/// use clankdin_domain::text::case_fold;
///
/// assert_eq!(case_fold("STRASSE"), case_fold("Straße"));
/// assert_eq!(case_fold("Σίσυφος"), case_fold("ΣΊΣΥΦΟΣ"));
/// ```
#[must_use]
pub fn case_fold(text: &str) -> String {
    // Decomposed first, because U+0345 COMBINING GREEK YPOGEGRAMMENI folds to a letter, which would
    // otherwise stand before marks that belong in front of it.
    text.nfd().default_case_fold().nfc().collect()
}

/// A text as the eye takes it: the skeleton of UTS #39, section 4, case-folded.
///
/// Two texts of the same skeleton are easily taken for each other. The skeleton is taken of the text
/// as written, since a capital `I` looks like `l` and a small one does not, and once more of what that
/// folds to, since `m` looks like `rn` and a capital `M` does not. Texts that differ in case alone may
/// have different skeletons; [`case_fold`] tells whether they do.
///
/// ```
/// use clankdin_domain::text::confusable_skeleton;
///
/// assert_eq!(confusable_skeleton("DаtаBоt"), confusable_skeleton("DataBot")); // Cyrillic а, о
/// assert_eq!(confusable_skeleton("ClankdIn"), confusable_skeleton("CIankdln"));
/// assert_ne!(confusable_skeleton("DataBot"), confusable_skeleton("DateBot"));
/// ```
#[must_use]
pub fn confusable_skeleton(text: &str) -> String {
    let as_written = case_fold(&unicode_security::skeleton(text).collect::<String>());
    case_fold(&unicode_security::skeleton(&as_written).collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_alone_makes_no_difference() {
        assert_eq!(case_fold("DataBot PRIME"), "databot prime");
        assert_eq!(case_fold("ǅ"), case_fold("ǆ"));
        assert_eq!(case_fold("K"), "k");
    }

    #[test]
    fn canonically_equivalent_texts_fold_to_the_same() {
        assert_eq!(case_fold("Cafe\u{301}"), case_fold("CAFÉ"));
        assert_eq!(case_fold("\u{3b1}\u{345}\u{301}"), case_fold("\u{3b1}\u{301}\u{345}"));
    }

    #[test]
    fn letters_of_other_scripts_are_taken_for_those_they_look_like() {
        assert_eq!(confusable_skeleton("раураl"), confusable_skeleton("paypal"));
        assert_eq!(confusable_skeleton("Нello"), confusable_skeleton("Hello"));
    }

    #[test]
    fn a_capital_i_is_taken_for_a_small_l() {
        assert_eq!(confusable_skeleton("LinkedIn"), confusable_skeleton("Linkedln"));
    }

    #[test]
    fn a_small_m_is_taken_for_r_and_n_whatever_the_case_of_the_other() {
        assert_eq!(confusable_skeleton("Max"), confusable_skeleton("rnax"));
    }

    #[test]
    fn a_zero_is_taken_for_an_o() {
        assert_eq!(confusable_skeleton("Data_B0t"), confusable_skeleton("data_bOt"));
    }

    #[test]
    fn names_that_only_share_letters_stay_apart() {
        assert_ne!(confusable_skeleton("ali"), confusable_skeleton("all"));
        assert_ne!(confusable_skeleton("vex"), confusable_skeleton("nex"));
    }

    proptest! {
        #[test]
        fn what_is_folded_stays_as_it_is(text in "\\PC{0,40}") {
            let folded = case_fold(&text);
            prop_assert_eq!(case_fold(&folded), folded);
        }

        #[test]
        fn the_case_of_ascii_letters_is_never_told(text in "[a-zA-Z0-9 ]{0,40}") {
            prop_assert_eq!(case_fold(&text), text.to_ascii_lowercase());
        }
    }
}
