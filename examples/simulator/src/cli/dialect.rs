//! The arguments about the way in which the logs are written.

use clap::Args;
use emu_proto::{ColumnOrder, Delimiter, Dialect, HeaderForm, LineEnd, TimeForm};
use emu_simulator::{NoneForm, Quirks};

#[derive(Debug, Args)]
#[command(next_help_heading = "Dialect")]
pub(super) struct DialectArguments {
    /// What stands between two cells
    #[arg(long, default_value = "semicolon", value_parser = ["semicolon", "comma", "tab"])]
    delimiter: String,
    /// Header line: names with scaled units, names alone, plain units over values with decimals, or none
    #[arg(long, default_value = "scaled", value_parser = ["scaled", "bare", "plain", "none"])]
    header: String,
    /// Times as "utc" (2021-05-20T10:30:00Z), "blank" (a blank for the T), "no-zone", "epoch" (Unix seconds), or an
    /// offset such as +02:00
    #[arg(long, default_value = "utc", value_parser = parse_time_form, allow_hyphen_values = true)]
    time: TimeForm,
    /// Columns in reverse order
    #[arg(long)]
    reversed: bool,
    /// End lines with CRLF
    #[arg(long)]
    crlf: bool,
    /// Start bodies with a byte-order mark
    #[arg(long)]
    byte_order_mark: bool,
    /// Put cells in double quotes
    #[arg(long)]
    quoted: bool,
    /// End lines with a delimiter
    #[arg(long)]
    trailing_delimiter: bool,
    /// Leave out the line end of the last line
    #[arg(long)]
    no_final_line_end: bool,
    /// Put a blank line after each row
    #[arg(long)]
    blank_lines: bool,
    /// Add a column that the manual does not have
    #[arg(long)]
    extra_column: bool,
    /// Print serial numbers without leading zeros
    #[arg(long)]
    short_serials: bool,
    /// Put blanks around values
    #[arg(long)]
    padding: bool,
    /// Print export registers as negative numbers, as older meters of the family do
    #[arg(long)]
    negative_exports: bool,
    /// Print header names in lower case
    #[arg(long)]
    lower_case_header: bool,
    /// Print header names in the logbook that no reader knows
    #[arg(long)]
    unknown_logbook_header: bool,
    /// What stands in the logbook where there is no value
    #[arg(long, value_enum, default_value_t)]
    none: NoneForm,
}

impl DialectArguments {
    pub(super) fn dialect(&self) -> Dialect {
        Dialect {
            delimiter: match self.delimiter.as_str() {
                "comma" => Delimiter::Comma,
                "tab" => Delimiter::Tab,
                _ => Delimiter::Semicolon,
            },
            header: match self.header.as_str() {
                "bare" => HeaderForm::Bare,
                "plain" => HeaderForm::Plain,
                "none" => HeaderForm::None,
                _ => HeaderForm::Scaled,
            },
            order: if self.reversed { ColumnOrder::Reversed } else { ColumnOrder::Manual },
            line_end: if self.crlf { LineEnd::CrLf } else { LineEnd::Lf },
            time: self.time,
            byte_order_mark: self.byte_order_mark,
            quoted: self.quoted,
            trailing_delimiter: self.trailing_delimiter,
        }
    }

    pub(super) fn quirks(&self) -> Quirks {
        Quirks {
            no_final_line_end: self.no_final_line_end,
            blank_lines: self.blank_lines,
            extra_column: self.extra_column,
            short_serials: self.short_serials,
            padding: self.padding,
            negative_exports: self.negative_exports,
            lower_case_header: self.lower_case_header,
            unknown_logbook_header: self.unknown_logbook_header,
            none: self.none,
        }
    }
}

fn parse_time_form(text: &str) -> Result<TimeForm, String> {
    let offset = || {
        let (sign, digits) = match text.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_once(':')?;
        let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
        (hours < 24 && minutes < 60).then(|| TimeForm::Offset(sign * (i16::from(hours) * 60 + i16::from(minutes))))
    };
    match text {
        "utc" => Ok(TimeForm::Utc),
        "blank" => Ok(TimeForm::Blank),
        "no-zone" => Ok(TimeForm::NoZone),
        "epoch" => Ok(TimeForm::Epoch),
        _ => offset().ok_or_else(|| "expected utc, blank, no-zone, epoch, or an offset such as +02:00".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_forms() {
        for (text, form) in [
            ("+02:00", TimeForm::Offset(120)),
            ("-05:30", TimeForm::Offset(-330)),
            ("+00:15", TimeForm::Offset(15)),
            ("epoch", TimeForm::Epoch),
        ] {
            assert_eq!(parse_time_form(text), Ok(form));
        }
        for text in ["", "02:00", "+2", "+24:00", "+00:60", "é"] {
            assert!(parse_time_form(text).is_err(), "{text}");
        }
    }
}
