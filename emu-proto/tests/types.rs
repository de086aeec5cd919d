//! What every public type can be relied on for, checked when this is compiled.

use core::fmt::Debug;

use emu_proto::*;

fn check<T: Send + Sync + Debug + Clone + 'static>() {}

#[test]
fn every_type_can_be_shared_shown_and_cloned() {
    check::<(BufferTooSmall, Checkpoint, Column, ColumnOrder, Decoder<LoadProfileEntry>, Delimiter)>();
    check::<(Decoder<LogbookEntry>, Deviations, Dialect, DeciHertz, DeciVolts, End, Event, Found)>();
    check::<(HeaderCell, HeaderForm, InvalidCheckpoint, InvalidRequest, InvalidSerialNumber, LineEnd)>();
    check::<(LoadProfileEntry, Log, LogbookEntry, MilliAmperes, Milliseconds, Order, PowerFactor, Progress)>();
    check::<(PulsesPerKilowattHour, Quantity, ReadError, ReadErrorKind, Readout, ReadoutPlan<LoadProfileEntry>)>();
    check::<(ReadoutPlan<LogbookEntry>, RequestTarget, Rows<'static, LoadProfileEntry>, SerialNumber, Span, Status)>();
    check::<(TimeForm, VarHours, Verdict, WattHours, Watts)>();
}
