//! A stand-in with the signatures of tokio that the fixtures use, and no behaviour.

pub use task::spawn;

pub mod task {
    use std::{
        fmt,
        future::Future,
        marker::PhantomData,
        pin::Pin,
        task::{Context, Poll},
    };

    pub struct JoinHandle<T>(PhantomData<T>);

    pub struct AbortHandle;

    pub struct JoinError;

    impl JoinError {
        pub fn is_panic(&self) -> bool {
            unimplemented!()
        }

        pub fn is_cancelled(&self) -> bool {
            unimplemented!()
        }

        pub fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
            unimplemented!()
        }
    }

    impl fmt::Debug for JoinError {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            unimplemented!()
        }
    }

    impl fmt::Display for JoinError {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            unimplemented!()
        }
    }

    impl std::error::Error for JoinError {}

    impl From<JoinError> for std::io::Error {
        fn from(_: JoinError) -> std::io::Error {
            unimplemented!()
        }
    }

    impl<T> JoinHandle<T> {
        pub fn abort(&self) {}

        pub fn abort_handle(&self) -> AbortHandle {
            unimplemented!()
        }

        pub fn is_finished(&self) -> bool {
            unimplemented!()
        }
    }

    impl<T> Unpin for JoinHandle<T> {}

    impl<T> Future for JoinHandle<T> {
        type Output = Result<T, JoinError>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            unimplemented!()
        }
    }

    pub fn spawn<F>(_: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        unimplemented!()
    }

    pub fn spawn_local<F>(_: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        unimplemented!()
    }

    pub fn spawn_blocking<F, R>(_: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        unimplemented!()
    }

    pub fn block_in_place<F, R>(_: F) -> R
    where
        F: FnOnce() -> R,
    {
        unimplemented!()
    }

    pub async fn yield_now() {
        unimplemented!()
    }

    pub struct JoinSet<T>(PhantomData<T>);

    impl<T: 'static> JoinSet<T> {
        pub fn new() -> Self {
            unimplemented!()
        }

        pub fn spawn<F>(&mut self, _: F) -> AbortHandle
        where
            F: Future<Output = T> + Send + 'static,
            T: Send,
        {
            unimplemented!()
        }

        pub fn spawn_blocking<F>(&mut self, _: F) -> AbortHandle
        where
            F: FnOnce() -> T + Send + 'static,
            T: Send,
        {
            unimplemented!()
        }

        pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
            unimplemented!()
        }
    }
}

pub mod runtime {
    use std::{future::Future, io};

    use crate::task::JoinHandle;

    #[derive(Clone, Debug)]
    pub struct Handle;

    #[derive(Debug)]
    pub struct TryCurrentError;

    impl Handle {
        pub fn current() -> Handle {
            unimplemented!()
        }

        pub fn try_current() -> Result<Handle, TryCurrentError> {
            unimplemented!()
        }

        pub fn spawn<F>(&self, _: F) -> JoinHandle<F::Output>
        where
            F: Future + Send + 'static,
            F::Output: Send + 'static,
        {
            unimplemented!()
        }

        pub fn spawn_blocking<F, R>(&self, _: F) -> JoinHandle<R>
        where
            F: FnOnce() -> R + Send + 'static,
            R: Send + 'static,
        {
            unimplemented!()
        }

        pub fn block_on<F: Future>(&self, _: F) -> F::Output {
            unimplemented!()
        }
    }

    pub struct Builder;

    impl Builder {
        pub fn new_current_thread() -> Builder {
            unimplemented!()
        }

        pub fn new_multi_thread() -> Builder {
            unimplemented!()
        }

        pub fn enable_all(&mut self) -> &mut Builder {
            self
        }

        pub fn build(&mut self) -> io::Result<Runtime> {
            unimplemented!()
        }
    }

    pub struct Runtime;

    impl Drop for Runtime {
        fn drop(&mut self) {}
    }

    impl Runtime {
        pub fn new() -> io::Result<Runtime> {
            unimplemented!()
        }

        pub fn shutdown_background(self) {}

        pub fn handle(&self) -> &Handle {
            unimplemented!()
        }

        pub fn spawn<F>(&self, _: F) -> JoinHandle<F::Output>
        where
            F: Future + Send + 'static,
            F::Output: Send + 'static,
        {
            unimplemented!()
        }

        pub fn spawn_blocking<F, R>(&self, _: F) -> JoinHandle<R>
        where
            F: FnOnce() -> R + Send + 'static,
            R: Send + 'static,
        {
            unimplemented!()
        }

        pub fn block_on<F: Future>(&self, _: F) -> F::Output {
            unimplemented!()
        }
    }
}

pub mod time {
    use std::future::Future;
    pub use std::time::Duration;

    #[derive(Debug)]
    pub struct Elapsed;

    pub async fn sleep(_: Duration) {}

    pub async fn timeout<F: Future>(_: Duration, _: F) -> Result<F::Output, Elapsed> {
        unimplemented!()
    }
}

pub mod sync {
    use std::{marker::PhantomData, sync::Arc};

    pub mod mpsc {
        use super::PhantomData;

        pub struct Sender<T>(PhantomData<T>);

        pub struct Receiver<T>(PhantomData<T>);

        #[derive(Debug)]
        pub struct SendError;

        pub fn channel<T>(_: usize) -> (Sender<T>, Receiver<T>) {
            unimplemented!()
        }

        impl<T> Sender<T> {
            pub async fn send(&self, _: T) -> Result<(), SendError> {
                unimplemented!()
            }

            pub fn blocking_send(&self, _: T) -> Result<(), SendError> {
                unimplemented!()
            }
        }

        impl<T> Drop for Sender<T> {
            fn drop(&mut self) {}
        }

        impl<T> Receiver<T> {
            pub async fn recv(&mut self) -> Option<T> {
                unimplemented!()
            }

            pub fn blocking_recv(&mut self) -> Option<T> {
                unimplemented!()
            }

            pub async fn recv_many(&mut self, _: &mut Vec<T>, _: usize) -> usize {
                unimplemented!()
            }

            pub fn blocking_recv_many(&mut self, _: &mut Vec<T>, _: usize) -> usize {
                unimplemented!()
            }
        }

        pub struct UnboundedReceiver<T>(PhantomData<T>);

        impl<T> UnboundedReceiver<T> {
            pub async fn recv(&mut self) -> Option<T> {
                unimplemented!()
            }

            pub fn blocking_recv(&mut self) -> Option<T> {
                unimplemented!()
            }

            pub async fn recv_many(&mut self, _: &mut Vec<T>, _: usize) -> usize {
                unimplemented!()
            }

            pub fn blocking_recv_many(&mut self, _: &mut Vec<T>, _: usize) -> usize {
                unimplemented!()
            }
        }
    }

    pub mod broadcast {
        use super::PhantomData;

        pub struct Receiver<T>(PhantomData<T>);

        #[derive(Debug)]
        pub struct RecvError;

        impl<T> Receiver<T> {
            pub async fn recv(&mut self) -> Result<T, RecvError> {
                unimplemented!()
            }

            pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
                unimplemented!()
            }
        }
    }

    pub mod oneshot {
        use std::{
            future::Future,
            pin::Pin,
            task::{Context, Poll},
        };

        use super::PhantomData;

        pub struct Receiver<T>(PhantomData<T>);

        #[derive(Debug)]
        pub struct RecvError;

        impl<T> Receiver<T> {
            pub fn blocking_recv(self) -> Result<T, RecvError> {
                unimplemented!()
            }
        }

        impl<T> Unpin for Receiver<T> {}

        impl<T> Future for Receiver<T> {
            type Output = Result<T, RecvError>;

            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
                unimplemented!()
            }
        }
    }

    pub struct Mutex<T>(PhantomData<T>);

    pub struct MutexGuard<'a, T>(&'a mut T);

    impl<T> Mutex<T> {
        pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
            unimplemented!()
        }

        pub async fn lock(&self) -> MutexGuard<'_, T> {
            unimplemented!()
        }

        pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedGuard<T> {
            unimplemented!()
        }

        pub async fn lock_owned(self: Arc<Self>) -> OwnedGuard<T> {
            unimplemented!()
        }
    }

    pub struct OwnedGuard<T>(PhantomData<T>);

    impl<T> std::ops::Deref for OwnedGuard<T> {
        type Target = T;

        fn deref(&self) -> &T {
            unimplemented!()
        }
    }

    pub struct RwLock<T>(PhantomData<T>);

    impl<T> RwLock<T> {
        pub fn blocking_read(&self) -> MutexGuard<'_, T> {
            unimplemented!()
        }

        pub async fn read(&self) -> MutexGuard<'_, T> {
            unimplemented!()
        }

        pub fn blocking_write(&self) -> MutexGuard<'_, T> {
            unimplemented!()
        }

        pub async fn write(&self) -> MutexGuard<'_, T> {
            unimplemented!()
        }
    }

    pub struct Semaphore;

    pub struct Permit;

    #[derive(Debug)]
    pub struct AcquireError;

    impl Semaphore {
        pub fn blocking_acquire(&self) -> Result<Permit, AcquireError> {
            unimplemented!()
        }

        pub async fn acquire(&self) -> Result<Permit, AcquireError> {
            unimplemented!()
        }

        pub fn blocking_acquire_many(&self, _: u32) -> Result<Permit, AcquireError> {
            unimplemented!()
        }

        pub async fn acquire_many(&self, _: u32) -> Result<Permit, AcquireError> {
            unimplemented!()
        }

        pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<Permit, AcquireError> {
            unimplemented!()
        }

        pub async fn acquire_owned(self: Arc<Self>) -> Result<Permit, AcquireError> {
            unimplemented!()
        }

        pub fn blocking_acquire_many_owned(
            self: Arc<Self>,
            _: u32,
        ) -> Result<Permit, AcquireError> {
            unimplemented!()
        }

        pub async fn acquire_many_owned(self: Arc<Self>, _: u32) -> Result<Permit, AcquireError> {
            unimplemented!()
        }
    }

    impl<T> std::ops::Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0
        }
    }

    impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0
        }
    }
}

pub mod io {
    use std::io::{Cursor, Result};

    pub trait AsyncRead {}

    pub trait AsyncWrite {}

    impl AsyncRead for &[u8] {}

    impl<T: AsRef<[u8]>> AsyncRead for Cursor<T> {}

    impl AsyncWrite for Vec<u8> {}

    #[allow(async_fn_in_trait)]
    pub trait AsyncReadExt: AsyncRead {
        async fn read(&mut self, _: &mut [u8]) -> Result<usize> {
            unimplemented!()
        }

        async fn read_exact(&mut self, _: &mut [u8]) -> Result<usize> {
            unimplemented!()
        }

        async fn read_to_end(&mut self, _: &mut Vec<u8>) -> Result<usize> {
            unimplemented!()
        }

        async fn read_to_string(&mut self, _: &mut String) -> Result<usize> {
            unimplemented!()
        }
    }

    #[allow(async_fn_in_trait)]
    pub trait AsyncWriteExt: AsyncWrite {
        async fn flush(&mut self) -> Result<()> {
            unimplemented!()
        }

        async fn write_all(&mut self, _: &[u8]) -> Result<()> {
            unimplemented!()
        }
    }

    impl<R: AsyncRead> AsyncReadExt for R {}

    impl<W: AsyncWrite> AsyncWriteExt for W {}
}

pub mod fs {
    use std::{
        fs::{Metadata, Permissions},
        io,
        path::{Path, PathBuf},
    };

    pub struct File;

    impl File {
        pub async fn open(_: impl AsRef<Path>) -> io::Result<File> {
            unimplemented!()
        }

        pub async fn create(_: impl AsRef<Path>) -> io::Result<File> {
            unimplemented!()
        }

        pub async fn create_new<P: AsRef<Path>>(_: P) -> io::Result<File> {
            unimplemented!()
        }

        pub async fn metadata(&self) -> io::Result<Metadata> {
            unimplemented!()
        }

        pub async fn set_len(&self, _: u64) -> io::Result<()> {
            unimplemented!()
        }

        pub async fn set_permissions(&self, _: Permissions) -> io::Result<()> {
            unimplemented!()
        }

        pub async fn sync_all(&self) -> io::Result<()> {
            unimplemented!()
        }

        pub async fn sync_data(&self) -> io::Result<()> {
            unimplemented!()
        }
    }

    impl crate::io::AsyncRead for File {}

    impl crate::io::AsyncWrite for File {}

    pub async fn canonicalize(_: impl AsRef<Path>) -> io::Result<PathBuf> {
        unimplemented!()
    }

    pub async fn copy(_: impl AsRef<Path>, _: impl AsRef<Path>) -> io::Result<u64> {
        unimplemented!()
    }

    pub async fn create_dir(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn create_dir_all(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn hard_link(_: impl AsRef<Path>, _: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn metadata(_: impl AsRef<Path>) -> io::Result<Metadata> {
        unimplemented!()
    }

    pub async fn read(_: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        unimplemented!()
    }

    pub async fn read_link(_: impl AsRef<Path>) -> io::Result<PathBuf> {
        unimplemented!()
    }

    pub async fn read_to_string(_: impl AsRef<Path>) -> io::Result<String> {
        unimplemented!()
    }

    pub async fn remove_dir(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn remove_dir_all(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn remove_file(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn rename(_: impl AsRef<Path>, _: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn set_permissions(_: impl AsRef<Path>, _: Permissions) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn symlink_metadata(_: impl AsRef<Path>) -> io::Result<Metadata> {
        unimplemented!()
    }

    pub async fn try_exists(_: impl AsRef<Path>) -> io::Result<bool> {
        unimplemented!()
    }

    pub async fn write(_: impl AsRef<Path>, _: impl AsRef<[u8]>) -> io::Result<()> {
        unimplemented!()
    }
}

pub mod process {
    use std::{
        ffi::OsStr,
        future::Future,
        io,
        process::{ExitStatus, Output, Stdio},
    };

    pub struct Command;

    impl Command {
        pub fn new<S: AsRef<OsStr>>(_: S) -> Command {
            unimplemented!()
        }

        pub fn arg<S: AsRef<OsStr>>(&mut self, _: S) -> &mut Command {
            self
        }

        pub fn args<I, S>(&mut self, _: I) -> &mut Command
        where
            I: IntoIterator<Item = S>,
            S: AsRef<OsStr>,
        {
            self
        }

        pub fn stdin<T: Into<Stdio>>(&mut self, _: T) -> &mut Command {
            self
        }

        pub fn stdout<T: Into<Stdio>>(&mut self, _: T) -> &mut Command {
            self
        }

        pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
            async { unimplemented!() }
        }

        pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
            async { unimplemented!() }
        }
    }
}

pub mod net {
    use std::io;

    pub struct TcpStream;

    impl TcpStream {
        pub async fn connect(_: &str) -> io::Result<TcpStream> {
            unimplemented!()
        }

        pub fn peer_addr(&self) -> io::Result<std::net::SocketAddr> {
            unimplemented!()
        }
    }
}

/// What an argument borrows is gone before the futures are polled, as in the real one.
#[macro_export]
macro_rules! join {
    ($($future:expr),* $(,)?) => {{
        let futures = ($($future,)*);
        $crate::macros::Join::join(futures).await
    }};
}

/// See `join!`.
#[macro_export]
macro_rules! try_join {
    ($($future:expr),* $(,)?) => {{
        let futures = ($($future,)*);
        $crate::macros::TryJoin::try_join(futures).await
    }};
}

/// What the macros need.
pub mod macros {
    use std::future::Future;

    pub trait Join {
        type Outputs;

        #[allow(async_fn_in_trait)]
        async fn join(self) -> Self::Outputs;
    }

    pub trait TryJoin {
        type Outputs;
        type Error;

        #[allow(async_fn_in_trait)]
        async fn try_join(self) -> Result<Self::Outputs, Self::Error>;
    }

    macro_rules! tuples {
        ($(($($future:ident $value:ident),+))+) => {$(
            impl<$($future: Future),+> Join for ($($future,)+) {
                type Outputs = ($($future::Output,)+);

                async fn join(self) -> Self::Outputs {
                    unimplemented!()
                }
            }

            impl<Error, $($future, $value),+> TryJoin for ($($future,)+)
            where
                $($future: Future<Output = Result<$value, Error>>),+
            {
                type Outputs = ($($value,)+);
                type Error = Error;

                async fn try_join(self) -> Result<Self::Outputs, Error> {
                    unimplemented!()
                }
            }
        )+};
    }

    tuples! { (A T) (A T, B U) (A T, B U, C V) (A T, B U, C V, D W) }
}

/// Runs each future in turn; enough to stand around code.
#[macro_export]
macro_rules! select {
    ($($pattern:pat = $future:expr => $handler:block)*) => {
        $( { let $pattern = $future.await; $handler } )*
    };
}
