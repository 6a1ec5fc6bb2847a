//! `tessera init`.

use crate::runner::Tessera;

#[test]
fn init_makes_a_configuration_whose_first_sync_works() {
    let tessera = Tessera::new("lincolnshire");
    let ran = tessera.run(&["sync"]);
    assert!(ran.well(), "{}", ran.all());
    assert!(ran.stderr.contains("exports") || ran.stdout.contains("exports"), "{}", ran.all());
}

#[test]
fn init_touches_nothing_that_is_there() {
    let tessera = Tessera::new("lincolnshire");
    let before = std::fs::read(tessera.path("state/ledger.key")).unwrap();
    let ran = tessera.run(&["init", ".", "--authority", "lincolnshire"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert_eq!(std::fs::read(tessera.path("state/ledger.key")).unwrap(), before);
}

#[test]
fn a_new_authority_begins_with_a_mapping_file_of_its_own() {
    let tessera = Tessera::new("somewhere-new");
    let ran = tessera.run(&["mappings", "verify"]);
    assert!(ran.well(), "{}", ran.all());
    assert!(tessera.run(&["sync"]).well());
    let ran = tessera.run(&["init", "x", "--authority", "Not A Name"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
}

#[cfg(unix)]
#[test]
fn what_init_makes_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let tessera = Tessera::new("lambeth");
    let mode = |name: &str| std::fs::metadata(tessera.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("state/ledger.key"), 0o600);
    assert_eq!(mode("tessera.toml"), 0o600);
    assert_eq!(mode("state"), 0o700);
    assert!(tessera.run(&["sync"]).well());
    assert_eq!(mode("state/ledger.db"), 0o600);
}
