//! Characters that a reader does not see, or that change how a reader sees others.
//!
//! Agents read every character that is sent; people read what is drawn. Whatever is told to the one
//! and kept from the other is a way to smuggle instructions, to disguise a name or to mark a text. The
//! module owns the list of such characters and the few places in which they have an honest use: emoji
//! sequences (UTS #51) and scripts whose letters join (RFC 5892, appendix A). It refuses to know what
//! happens to a text that holds one, and it never repairs: a character that is taken out in silence
//! changes what somebody said.

use std::fmt;

use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// A hidden character and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HiddenCharacter {
    /// The character.
    pub code_point: char,
    /// Where it stands, in Unicode scalar values from 0.
    pub position: usize,
}

impl fmt::Display for HiddenCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X} at character {} (counted from 0)", u32::from(self.code_point), self.position)
    }
}

/// The first hidden character of a text, if there is one.
///
/// Hidden are, wherever they stand: control characters but newline and tab, what overrides, embeds or
/// isolates a direction of writing, separators of lines and paragraphs, zero-width characters that
/// never join, fillers, noncharacters, and variation selectors but VS15 and VS16. Hidden where they do
/// nothing that can be seen: those two but after an emoji, joiners that join nothing, and tags outside
/// the emoji of a flag.
///
/// ```
/// use clankdin_domain::text::find_hidden;
///
/// assert_eq!(find_hidden("a family 👨‍👩‍👧, a flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿, می‌خواهم"), None);
/// let hidden = find_hidden("Data\u{202E}Bot").ok_or("none found")?;
/// assert_eq!(hidden.to_string(), "U+202E at character 4 (counted from 0)");
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn find_hidden(text: &str) -> Option<HiddenCharacter> {
    find(text, false)
}

/// As [`find_hidden`], in a text whose carriage returns are about to become line feeds.
pub(super) fn find_hidden_as_sent(text: &str) -> Option<HiddenCharacter> {
    find(text, true)
}

fn find(text: &str, carriage_return: bool) -> Option<HiddenCharacter> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return None;
    }
    let mut flag_ends_at = 0;
    for (position, (index, code_point)) in text.char_indices().enumerate() {
        let (before, from) = text.split_at_checked(index)?;
        let after = || from.get(code_point.len_utf8()..).unwrap_or_default();
        let hidden = match code_point {
            '\r' => !carriage_return,
            TEXT_STYLE | EMOJI_STYLE => !styles_an_emoji(before, after()),
            ZERO_WIDTH_JOINER => !joins_emoji(before, after()) && !joins_letters(before, after()),
            ZERO_WIDTH_NON_JOINER => !parts_letters(before, after()),
            BLACK_FLAG => {
                flag_ends_at = index + BLACK_FLAG.len_utf8() + flag_tags(after());
                false
            }
            // Only the whole of a flag's tags is seen as one flag.
            '\u{E0020}'..='\u{E007F}' => index >= flag_ends_at,
            _ => is_always_hidden(code_point),
        };
        if hidden {
            return Some(HiddenCharacter { code_point, position });
        }
    }
    None
}

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
/// VS15, which asks for an emoji as text.
const TEXT_STYLE: char = '\u{FE0E}';
/// VS16, which asks for an emoji in colour.
const EMOJI_STYLE: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
const BLACK_FLAG: char = '\u{1F3F4}';

/// Whether a character is hidden wherever it stands.
pub(super) fn is_always_hidden(c: char) -> bool {
    matches!(c,
        // C0 and C1, DELETE.
        '\0'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        // Marks, embeddings, overrides and isolates of direction (UAX #9).
        | '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        // LINE SEPARATOR and PARAGRAPH SEPARATOR: line breaks that are not newlines.
        | '\u{2028}' | '\u{2029}'
        // Of no width, and never a joiner: ZERO WIDTH SPACE, WORD JOINER, invisible operators of
        // mathematics, ZERO WIDTH NO-BREAK SPACE.
        | '\u{200B}' | '\u{2060}'..='\u{2065}' | '\u{FEFF}'
        // Deprecated format characters, interlinear annotations, and the ignorable ones around them.
        | '\u{206A}'..='\u{206F}' | '\u{FFF0}'..='\u{FFFB}'
        // Fillers: soft hyphen, grapheme joiner, Hangul, Khmer inherent vowels, Mongolian selectors and
        // vowel separator, braille blank, Khitan, shorthand, the null notehead and beams of music.
        | '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}' | '\u{16FE4}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}'
        // VS1 to VS14.
        | '\u{FE00}'..='\u{FE0D}'
        // The plane of tags and of VS17 to VS256. Tags proper depend on where they stand.
        | '\u{E0000}'..='\u{E001F}' | '\u{E0080}'..='\u{E0FFF}'
        | '\u{FDD0}'..='\u{FDEF}'
    ) || u32::from(c) & 0xFFFE == 0xFFFE
}

/// VS15 and VS16 style the emoji right before them. Digits, `#` and `*` are emoji only as the bases of
/// keycaps: elsewhere a selector after them is not seen.
fn styles_an_emoji(before: &str, after: &str) -> bool {
    before.chars().next_back().is_some_and(|base| {
        if base.is_ascii() {
            base.is_emoji_char() && after.starts_with(KEYCAP)
        } else {
            base.is_emoji_char() && !is_regional_indicator(base)
        }
    })
}

/// Whether an emoji stands on both sides (UTS #51, ED-16): before the joiner with a VS16 or a modifier,
/// perhaps. What may join what is not asked; what does not is shown as several emoji.
fn joins_emoji(before: &str, after: &str) -> bool {
    let base = before.strip_suffix(EMOJI_STYLE).unwrap_or(before).chars().next_back();
    base.is_some_and(is_pictograph)
        && after.chars().next().is_some_and(|next| is_pictograph(next) && !is_modifier(next))
}

fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char() && !is_regional_indicator(c)
}

fn is_modifier(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

fn is_regional_indicator(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// A joiner shapes a virama right before it, whatever follows (RFC 5892, A.2): Malayalam ends words so.
/// Else it has to stand between two letters or marks of scripts that join.
fn joins_letters(before: &str, after: &str) -> bool {
    follows_virama(before)
        || (before.chars().next_back().is_some_and(is_of_joining_script)
            && after.chars().next().is_some_and(is_of_joining_script))
}

/// A non-joiner parts letters of scripts that join (RFC 5892, A.1), or sets an ending apart from a word
/// or number in another script, as Persian does in `API‌ها`: one side joins, the other can be read.
fn parts_letters(before: &str, after: &str) -> bool {
    let (Some(previous), Some(next)) = (before.chars().next_back(), after.chars().next()) else {
        return follows_virama(before);
    };
    follows_virama(before)
        || (is_of_joining_script(previous) && is_read(next))
        || (is_read(previous) && is_of_joining_script(next))
}

/// Canonical combining class 9 is Virama, in all scripts.
fn follows_virama(before: &str) -> bool {
    before.chars().next_back().is_some_and(|c| canonical_combining_class(c) == 9)
}

fn is_read(c: char) -> bool {
    c.is_alphanumeric() || is_of_joining_script(c)
}

/// Letters and marks of the scripts that are written joined up, or that stack consonants.
fn is_of_joining_script(c: char) -> bool {
    let written =
        matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark);
    // A vowel sign of Arabic is of no script of its own: what counts is which scripts use it. The common
    // and the inherited are used by all, and tell nothing.
    let scripts = c.script_extension();
    written && !scripts.is_common() && !scripts.is_inherited() && scripts.iter().any(joins)
}

#[rustfmt::skip]
fn joins(script: Script) -> bool {
    matches!(
        script,
        // Cursive: `Joining_Type` (UAX #44) is of use in these.
        Script::Adlam | Script::Arabic | Script::Chorasmian | Script::Hanifi_Rohingya | Script::Mandaic
        | Script::Manichaean | Script::Mongolian | Script::Nko | Script::Old_Uyghur | Script::Phags_Pa
        | Script::Psalter_Pahlavi | Script::Sogdian | Script::Syriac
        // Brahmic: joiners choose between conjuncts, half forms and a virama that shows.
        | Script::Balinese | Script::Bengali | Script::Brahmi | Script::Chakma | Script::Devanagari
        | Script::Dogra | Script::Grantha | Script::Gujarati | Script::Gurmukhi | Script::Javanese
        | Script::Kaithi | Script::Kannada | Script::Khmer | Script::Khojki | Script::Khudawadi
        | Script::Malayalam | Script::Meetei_Mayek | Script::Modi | Script::Myanmar | Script::Nandinagari
        | Script::Newa | Script::Oriya | Script::Saurashtra | Script::Sharada | Script::Siddham
        | Script::Sinhala | Script::Sundanese | Script::Tai_Tham | Script::Takri | Script::Tamil
        | Script::Telugu | Script::Tibetan | Script::Tirhuta
    )
}

/// How many bytes of `after` are the tags of the black flag before it: the code of a region in two
/// letters, that of its subdivision in one to four letters or digits (UTS #35, `unicode_subdivision_id`)
/// and the end, or 0. Anything longer would be a message, not a flag.
fn flag_tags(after: &str) -> usize {
    let mut length = 0;
    let mut bytes = 0;
    for tag in after.chars() {
        bytes += tag.len_utf8();
        match tag {
            '\u{E0061}'..='\u{E007A}' if length < 6 => length += 1,
            '\u{E0030}'..='\u{E0039}' if (2..6).contains(&length) => length += 1,
            '\u{E007F}' if length >= 3 => return bytes,
            _ => return 0,
        }
    }
    0
}

#[cfg(test)]
mod tests;
