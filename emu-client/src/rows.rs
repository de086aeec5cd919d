//! The rows of a read-out as a stream.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use emu_proto::{Checkpoint, Entry, Progress, ReadoutPlan};
use futures_core::Stream;

use crate::error::Error;
use crate::items::Items;
use crate::meter::Shared;
use crate::notice::Item;
use crate::summary::Summary;

/// The rows of a read-out, in the order asked for, each once; made by [`Meter`](crate::Meter).
///
/// Rows are parsed as their bytes arrive; a body is never held whole. Failed requests are tried again as the
/// [`Policy`](crate::Policy) says, from the first row that is missing. After an error the stream has ended; the rows
/// before it are good, and a new read-out can go on from [`checkpoint`](Self::checkpoint).
///
/// What else there is to tell, from lines that could not be read to rows that the meter has lost, is logged by `tracing`
/// and counted in [`summary`](Self::summary); [`into_items`](Self::into_items) yields it among the rows.
///
/// Cancel-safe: a future of [`next`](Self::next) that is dropped before it is ready loses nothing, and the next one goes
/// on from there.
///
/// ```no_run
/// # async fn example(meter: emu_client::Meter) -> Result<(), emu_client::Error> {
/// use emu_client::ReadoutPlan;
///
/// let mut rows = meter.load_profile(ReadoutPlan::last(35_040));
/// while let Some(row) = rows.next().await {
///     println!("{}", row?.index);
/// }
/// if rows.summary().undelivered > 0 {
///     println!("some rows are lost");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a stream does nothing unless rows are asked for"]
pub struct Rows<R: Entry> {
    items: Items<R>,
}

impl<R: Entry> Rows<R> {
    pub(crate) fn new(meter: Arc<Shared>, plan: ReadoutPlan<R>) -> Self {
        Self { items: Items::new(meter, plan) }
    }

    /// Returns the next row, or `None` after the last one and after an error. Cancel-safe.
    ///
    /// # Errors
    ///
    /// An [`Error`] once, when the read-out cannot go on.
    pub async fn next(&mut self) -> Option<Result<R, Error>> {
        poll_fn(|cx| self.poll_row(cx)).await
    }

    /// Returns the place of the last row that was yielded, from which a later [`sync`](crate::Meter::sync) can go on.
    ///
    /// See [`ReadoutPlan::checkpoint`] for read-outs that are descending.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.items.checkpoint()
    }

    /// Returns what came of it so far, in numbers.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.items.summary()
    }

    /// Returns how far the read-out is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.items.progress()
    }

    /// Returns the full stream: rows, and among them all that is no row, in the order in which it happened.
    ///
    /// ```no_run
    /// # async fn example(meter: emu_client::Meter) -> Result<(), emu_client::Error> {
    /// use emu_client::{Item, ReadoutPlan};
    ///
    /// let mut items = meter.load_profile(ReadoutPlan::all()).into_items();
    /// while let Some(item) = items.next().await {
    ///     match item? {
    ///         Item::Row(row) => println!("{}", row.index),
    ///         Item::Notice(notice) => eprintln!("{notice}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_items(self) -> Items<R> {
        self.items
    }

    fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<R, Error>>> {
        loop {
            match ready!(self.items.poll_item(cx)) {
                Some(Ok(Item::Row(row))) => return Poll::Ready(Some(Ok(row))),
                // Logged and counted.
                Some(Ok(Item::Notice(_))) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<R: Entry> Stream for Rows<R> {
    type Item = Result<R, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_row(cx)
    }
}
