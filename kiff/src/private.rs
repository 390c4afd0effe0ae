//! What generated code uses. Not part of the public interface: it may change in any release.
