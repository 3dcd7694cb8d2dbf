//! Writes `tests/fuzz/corpus`. Run it when a layout changes on purpose: `cargo run -p pars-fuzz --example corpus`.

fn main() -> std::io::Result<()> {
    let count = pars_fuzz::corpus::write()?;
    println!("wrote {count} files to {}", pars_fuzz::corpus::folder().display());
    Ok(())
}
