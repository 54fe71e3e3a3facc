//! Ends looks at files that take too long.
//!
//! Inference asks at each expression, and salsa at each query, whether somebody wants to write.
//! They unwind then, and the database is as good as before: it is how an editor interrupts them.

use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    mem,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use ra_ap_ide_db::{FileId, RootDatabase};
use salsa::{Cancelled, Database as _};

use crate::workspace::Workspace;

/// How often it is looked whether somebody is late.
const TICK: Duration = Duration::from_millis(20);

/// Watches what threads do with their clones of a database.
pub struct Watchdog {
    limit: Duration,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    /// What each thread looks at, and since when.
    looks: HashMap<ThreadId, (FileId, Instant)>,
    /// What took too long.
    late: BTreeSet<FileId>,
}

/// Why there is no answer.
pub enum Stopped {
    /// This look, or another one, took too long, and all were ended.
    Ended,
    /// It panicked, with these words.
    Panicked(String),
}

impl Watchdog {
    /// Watches over some work. Each look of it may take as long as the limit says; if one takes
    /// longer, all are ended. A look that does not even end then, in as much time again, is given up.
    /// Gives what came of the work, and the files that took too long: if there are any, the work is
    /// not whole.
    pub fn over<T>(
        workspace: &mut Workspace,
        limit: Duration,
        give_up: &(dyn Fn(FileId) + Sync),
        work: impl FnOnce(&Workspace, &Watchdog) -> T,
    ) -> (T, BTreeSet<FileId>) {
        let watched = Mutex::default();
        let watchdog = Watchdog { limit, watched };
        let clone = workspace.db.clone();
        let mut db = mem::replace(&mut workspace.db, clone);
        let result = thread::scope(|scope| {
            let (working, over) = mpsc::channel::<()>();
            let watch = &watchdog;
            let watching = scope.spawn(move || {
                while over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    if watch.somebody_is_late() {
                        thread::scope(|scope| {
                            // Waits until every clone is gone, and so until the work is done.
                            scope.spawn(|| db.trigger_cancellation());
                            while over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                                watch.late().into_iter().for_each(give_up);
                            }
                        });
                    }
                }
                db
            });
            let result = panic::catch_unwind(AssertUnwindSafe(|| work(workspace, &watchdog)));
            drop(working);
            // The clone of this thread has to go too.
            workspace.db = RootDatabase::new(None);
            workspace.db = watching.join().expect("watching does not panic");
            result
        });
        let late = mem::take(&mut watchdog.watched().late);
        match result {
            Ok(result) => (result, late),
            Err(payload) => panic::resume_unwind(payload),
        }
    }

    /// Looks at a file on this thread.
    ///
    /// # Errors
    /// If it was ended, or panicked: inference does so on odd code now and then.
    pub fn look<T>(&self, file: FileId, look: impl FnOnce() -> T) -> Result<T, Stopped> {
        let thread = thread::current().id();
        self.watched().looks.insert(thread, (file, Instant::now()));
        let looked = self.caught(look);
        self.watched().looks.remove(&thread);
        looked
    }

    /// Does what is no look at a file, and asks the database all the same.
    ///
    /// # Errors
    /// As [`look`](Self::look), but it is not what may be late.
    pub fn caught<T>(&self, run: impl FnOnce() -> T) -> Result<T, Stopped> {
        panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
            match payload.downcast_ref::<Cancelled>() {
                Some(_) if !self.watched().late.is_empty() => Stopped::Ended,
                Some(cancelled) => Stopped::Panicked(cancelled.to_string()),
                None => Stopped::Panicked(words(payload.as_ref())),
            }
        })
    }

    fn somebody_is_late(&self) -> bool {
        let late = self.late();
        self.watched().late.extend(&late);
        !late.is_empty()
    }

    /// What is looked at for longer than the limit.
    fn late(&self) -> Vec<FileId> {
        let watched = self.watched();
        let looks = watched.looks.values();
        looks
            .filter(|(_, since)| since.elapsed() >= self.limit)
            .map(|(file, _)| *file)
            .collect()
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    message.unwrap_or("it panicked").to_owned()
}
