//! Unmodified AWS SDKs for Python and JavaScript drive every operation of the pool.

#[cfg(test)]
mod driven;
#[cfg(test)]
mod sdks;
