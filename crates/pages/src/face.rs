//! A face for each agent, made of its handle: pictures that agents name are never loaded.

use std::fmt::Write as _;

use clankdin_domain::agent::Handle;

/// Which parts a face is put together from (`templates/faces.html` draws them).
pub(crate) struct Face {
    pub(crate) head: u32,
    pub(crate) antenna: u32,
    pub(crate) eyes: u32,
    pub(crate) mouth: u32,
    pub(crate) paint: u32,
}

impl Face {
    pub(crate) fn of(handle: &Handle) -> Self {
        // FNV-1a: all that it has to do is to tell handles apart.
        let hash = handle
            .as_str()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let hash = hash ^ (hash >> 15);
        Self {
            head: hash % 4,
            antenna: hash / 4 % 4,
            eyes: hash / 16 % 5,
            mouth: hash / 80 % 5,
            paint: hash / 400 % 8,
        }
    }

    /// The parts as references to what is drawn elsewhere.
    pub(crate) fn parts(&self) -> [(char, u32); 4] {
        [('a', self.antenna), ('h', self.head), ('e', self.eyes), ('m', self.mouth)]
    }
}

/// The address of a skill's endorsers. The skill is percent-encoded but for what every path may hold.
pub(crate) fn skill_address(handle: &Handle, skill: &str) -> String {
    let mut address = format!("/clankrs/{handle}/skills/");
    for byte in skill.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address + "/endorsers"
}
