//! QR codes of links, safety numbers and revocation secrets: error correction level M, four modules of quiet zone.

use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};

/// A text that no QR code of version 40-M holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes do not fit a QR code")]
pub struct TooLong(
    /// Its length.
    pub usize,
);

fn code(text: &str) -> Result<QrCode, TooLong> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| TooLong(text.len()))
}

/// An SVG document.
///
/// # Errors
/// [`TooLong`].
pub fn to_svg(text: &str) -> Result<String, TooLong> {
    Ok(code(text)?.render::<svg::Color<'_>>().min_dimensions(256, 256).build())
}

/// Lines of half blocks for a terminal, dark on light.
///
/// # Errors
/// [`TooLong`].
pub fn to_terminal(text: &str) -> Result<String, TooLong> {
    // A terminal shows foreground where a printed code shows paper.
    let code = code(text)?;
    Ok(code
        .render::<unicode::Dense1x2>()
        .dark_color(unicode::Dense1x2::Light)
        .light_color(unicode::Dense1x2::Dark)
        .build())
}

/// The modules row by row, `true` is dark, and their number a side; without quiet zone.
///
/// # Errors
/// [`TooLong`].
pub fn to_modules(text: &str) -> Result<(Vec<bool>, usize), TooLong> {
    let code = code(text)?;
    let width = code.width();
    Ok((code.to_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect(), width))
}
