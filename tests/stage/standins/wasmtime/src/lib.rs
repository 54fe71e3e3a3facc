//! A stand-in with the signatures of wasmtime that the fixtures use.

#[derive(Debug)]
pub struct Error;

#[derive(Clone)]
pub struct Engine(std::sync::Arc<()>);

pub struct Module;

impl Module {
    pub fn new(_: &Engine, _: impl AsRef<[u8]>) -> Result<Module, Error> {
        unimplemented!()
    }
}
