//! A stand-in with the signatures of image that the fixtures use.

#[derive(Debug)]
pub struct ImageError;

pub type ImageResult<T> = Result<T, ImageError>;

pub struct DynamicImage(Vec<u8>);

impl DynamicImage {
    pub fn thumbnail(&self, _: u32, _: u32) -> DynamicImage {
        unimplemented!()
    }

    pub fn width(&self) -> u32 {
        unimplemented!()
    }
}

pub fn load_from_memory(_: &[u8]) -> ImageResult<DynamicImage> {
    unimplemented!()
}

pub fn open<P: AsRef<std::path::Path>>(_: P) -> ImageResult<DynamicImage> {
    unimplemented!()
}
