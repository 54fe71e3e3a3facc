//! A stand-in with the signatures of openssl that the fixtures use.

pub mod rsa {
    #[derive(Debug)]
    pub struct ErrorStack;

    pub struct Private;

    pub struct Rsa<T>(std::marker::PhantomData<T>);

    impl Rsa<Private> {
        pub fn generate(_: u32) -> Result<Rsa<Private>, ErrorStack> {
            unimplemented!()
        }
    }
}
