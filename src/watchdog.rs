//! Ends looks at files that take too long.
//!
//! Inference asks at each expression, and salsa at each query, whether somebody wants to write.
//! They unwind then, and the database is as good as before: it is how an editor interrupts them.

use std::{
    any::Any,
    collections::{HashMap, HashSet},
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
    late: HashSet<FileId>,
}

/// Why there is no answer.
pub enum Stopped {
    /// It took too long.
    Late,
    /// Another look took too long, and all were ended. This one may be had again.
    Interrupted,
    /// Memory is full, for this reason.
    Full(String),
    /// It panicked, with these words.
    Panicked(String),
}

impl Watchdog {
    /// Watches over some work with a clone of the database. Each look of it may take as long as the
    /// limit says; if one takes longer, all are ended. A look that does not even end then, in as much
    /// time again, is given up.
    pub fn over<T>(
        db: &mut RootDatabase,
        limit: Duration,
        give_up: &(dyn Fn(FileId) + Sync),
        work: impl FnOnce(RootDatabase, &Watchdog) -> T,
    ) -> T {
        let watched = Mutex::default();
        let watchdog = Watchdog { limit, watched };
        let clone = db.clone();
        thread::scope(|scope| {
            let (working, over) = mpsc::channel::<()>();
            let watch = &watchdog;
            scope.spawn(move || {
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
            });
            let result = work(clone, &watchdog);
            drop(working);
            result
        })
    }

    /// Looks at a file on this thread.
    ///
    /// # Errors
    /// If it was ended, or panicked: inference does so on odd code now and then.
    pub fn look<T>(&self, file: FileId, look: impl FnOnce() -> T) -> Result<T, Stopped> {
        let thread = thread::current().id();
        self.watched().looks.insert(thread, (file, Instant::now()));
        let looked = panic::catch_unwind(AssertUnwindSafe(look));
        let mut watched = self.watched();
        watched.looks.remove(&thread);
        looked.map_err(|payload| match payload.downcast_ref::<Cancelled>() {
            Some(_) if watched.late.contains(&file) => Stopped::Late,
            Some(_) if !watched.late.is_empty() => Stopped::Interrupted,
            Some(cancelled) => Stopped::Panicked(cancelled.to_string()),
            None => Stopped::Panicked(words(payload.as_ref())),
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
