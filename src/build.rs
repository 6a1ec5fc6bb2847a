//! Has the built-in mapping files embedded anew when one of them changes or a new one comes.

fn main() {
    println!("cargo::rerun-if-changed=mappings");
}
