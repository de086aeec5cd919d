//! What is known of the answer under way.

/// The answer under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// The lowest and the highest index that were asked for.
    pub(super) low: u32,
    pub(super) high: u32,
    /// Whether the request repeats one in whose answer rows were missing: what is missing now as well is believed.
    pub(super) is_repeated: bool,
    /// Whether the log was seen to be the same just before, so that the anchor may be missing.
    pub(super) is_vouched: bool,
    pub(super) is_open: bool,
    /// Whether anything was told of it.
    pub(super) is_touched: bool,
    /// Whether the rest of it is of no use, and what it showed has been drawn.
    pub(super) is_abandoned: bool,
    pub(super) is_settled: bool,
    /// The first row that cannot be taken, since rows before it did not come: what comes after it shows whether rows come in
    /// another order.
    pub(super) set_aside: Option<u32>,
    /// Whether two rows came in the order asked for.
    pub(super) is_ordered: bool,
    /// Whether its last row may be cut.
    pub(super) is_unsure: bool,
    /// Whether it has brought a new row.
    pub(super) has_moved: bool,
    /// Whether the row before those that are wanted has come, or was not asked for.
    pub(super) is_anchor_seen: bool,
    /// Whether a row outside of the range was told of.
    pub(super) has_unasked: bool,
    /// Lines that could not be read since the last row.
    pub(super) bad_lines: u32,
    /// Rows that were told.
    pub(super) rows: u32,
}

impl Answer {
    pub(super) const CLOSED: Self = Self {
        low: 0,
        high: 0,
        is_repeated: false,
        is_vouched: false,
        is_open: false,
        is_touched: false,
        is_abandoned: false,
        is_settled: false,
        set_aside: None,
        is_ordered: false,
        is_unsure: false,
        has_moved: false,
        is_anchor_seen: false,
        has_unasked: false,
        bad_lines: 0,
        rows: 0,
    };
}
