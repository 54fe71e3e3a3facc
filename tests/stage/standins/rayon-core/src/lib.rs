//! A stand-in with the signatures of rayon-core that the fixtures use.

pub fn join<A, B, RA, RB>(_: A, _: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    unimplemented!()
}
