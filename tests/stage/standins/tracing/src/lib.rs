//! A stand-in with the macros of tracing that the fixtures use.

#[macro_export]
macro_rules! error {
    ($($tokens:tt)*) => {
        ()
    };
}

#[macro_export]
macro_rules! info {
    ($($tokens:tt)*) => {
        ()
    };
}

pub trait Instrument: Sized {
    fn instrument(self, span: Span) -> Instrumented<Self>;

    fn in_current_span(self) -> Instrumented<Self> {
        self.instrument(Span::current())
    }
}

pub struct Span;

impl Span {
    pub fn current() -> Span {
        Span
    }
}

pub struct Instrumented<T>(T);

impl<F> Instrument for F {
    fn instrument(self, _: Span) -> Instrumented<Self> {
        Instrumented(self)
    }
}

impl<F: std::future::Future> std::future::Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<F::Output> {
        unimplemented!()
    }
}
