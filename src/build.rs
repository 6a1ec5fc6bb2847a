//! Has the built-in mapping files embedded anew when one of them changes or a new one comes.

#[expect(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
fn main() {
    println!("cargo::rerun-if-changed=mappings");
}
