//! Pages as a browser shows them: a real Chromium, steered over `WebDriver`.

mod axe;
mod claiming;
mod driver;
mod screenshots;
mod walking;

use driver::Driver;

/// How wide and how high a window is, in CSS pixels.
#[derive(Debug, Clone, Copy)]
struct Window {
    name: &'static str,
    width: u32,
    height: u32,
}

const PHONE: Window = Window { name: "phone", width: 390, height: 844 };
const DESKTOP: Window = Window { name: "desktop", width: 1280, height: 900 };

/// The tab key (`WebDriver`, section 17.4.2).
const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

/// What the reader likes best.
#[derive(Debug, Clone, Copy)]
enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
