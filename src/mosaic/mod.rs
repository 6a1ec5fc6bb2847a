//! Carriers, the dialect, the identity guard, the stand-in.
