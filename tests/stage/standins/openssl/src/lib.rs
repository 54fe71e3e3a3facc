//! A stand-in with the signatures of openssl that the fixtures use.

pub mod error {
    #[derive(Debug)]
    pub struct ErrorStack;
}

pub mod hash {
    #[derive(Clone, Copy)]
    pub struct MessageDigest;

    impl MessageDigest {
        pub fn sha256() -> MessageDigest {
            unimplemented!()
        }
    }
}

pub mod pkcs5 {
    use crate::{error::ErrorStack, hash::MessageDigest};

    pub fn pbkdf2_hmac(
        _: &[u8],
        _: &[u8],
        _: usize,
        _: MessageDigest,
        _: &mut [u8],
    ) -> Result<(), ErrorStack> {
        unimplemented!()
    }
}

pub mod rsa {
    use crate::error::ErrorStack;

    pub struct Private;

    pub struct Rsa<T>(std::marker::PhantomData<T>);

    impl Rsa<Private> {
        pub fn generate(_: u32) -> Result<Rsa<Private>, ErrorStack> {
            unimplemented!()
        }
    }
}
