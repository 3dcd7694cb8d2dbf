//! What the product draws is read back by a decoder of another hand (THREATS I7).

use pars_identity::link::Link;
use pars_identity::qr;
use rqrr::PreparedImage;

use crate::cast::Person;

/// Pixels a side of one module or half block.
const SCALE: usize = 4;

/// A grey picture.
struct Picture {
    width: usize,
    height: usize,
    /// Row by row, 0 is black.
    pixels: Vec<u8>,
}

impl Picture {
    /// Rows of marks, `true` is dark, each drawn as a square.
    fn of(rows: &[Vec<bool>]) -> Self {
        let width = rows[0].len() * SCALE;
        let line =
            |row: &Vec<bool>| -> Vec<u8> { row.iter().flat_map(|dark| [if *dark { 0 } else { 255 }; SCALE]).collect() };
        let pixels: Vec<u8> = rows.iter().flat_map(|row| line(row).repeat(SCALE)).collect();
        Self { width, height: pixels.len() / width, pixels }
    }

    /// The text of the one code in it.
    fn read(&self) -> String {
        let mut image =
            PreparedImage::prepare_from_greyscale(self.width, self.height, |x, y| self.pixels[y * self.width + x]);
        let codes = image.detect_grids();
        assert_eq!(codes.len(), 1, "one code in the picture");
        codes[0].decode().expect("a code that reads").1
    }
}

/// A terminal with light letters on black: what is no block stays black.
fn shown_by_a_terminal(text: &str) -> Picture {
    let dark = |character: char| match character {
        '█' => (false, false),
        '▀' => (false, true),
        '▄' => (true, false),
        ' ' => (true, true),
        other => panic!("{other:?} is no half block"),
    };
    let rows: Vec<Vec<bool>> = text
        .lines()
        .flat_map(|line| {
            let (top, bottom): (Vec<_>, Vec<_>) = line.chars().map(dark).unzip();
            [top, bottom]
        })
        .collect();
    Picture::of(&rows)
}

/// Modules on white paper with a quiet zone of four.
fn printed(modules: &[bool], width: usize) -> Picture {
    let at = |x: usize, y: usize| {
        let (x, y) = (x.checked_sub(4)?, y.checked_sub(4)?);
        (x < width && y < width).then(|| modules[y * width + x])
    };
    let rows: Vec<Vec<bool>> =
        (0..width + 8).map(|y| (0..width + 8).map(|x| at(x, y).unwrap_or(false)).collect()).collect();
    Picture::of(&rows)
}

/// An SVG as this product writes it: white paper, and one path of black rectangles `Mx yhWvH…`.
fn drawn(svg: &str) -> Picture {
    let side: usize = svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut pixels = vec![255; side * side];
    for rectangle in path.split('M').skip(1) {
        let numbers: Vec<usize> =
            rectangle.split([' ', 'h', 'v', 'H', 'V']).map(|number| number.parse().unwrap()).collect();
        let [left, top, width, height, ..] = numbers[..] else { panic!("{rectangle}") };
        for y in top..top + height {
            pixels[y * side + left..y * side + left + width].fill(0);
        }
    }
    Picture { width: side, height: side, pixels }
}

#[test]
fn a_code_reads_back_as_the_link_in_every_form_it_is_drawn_in() {
    for seed in 1..=4 {
        let link = Link::to(Person::new(seed).keys.core());
        for text in [link.to_string(), Link { check: None, ..link }.to_string()] {
            assert_eq!(shown_by_a_terminal(&qr::to_terminal(&text).unwrap()).read(), text);
            assert_eq!(drawn(&qr::to_svg(&text).unwrap()).read(), text);
            let (modules, width) = qr::to_modules(&text).unwrap();
            assert_eq!(printed(&modules, width).read(), text);
        }
    }
}
