//! The chart as an SVG drawing: a band from the lowest to the highest, and a line for the mean.

use std::fmt::Write;

use emu_proto::SerialNumber;

use crate::profile::{Chart, Power, Slot};

/// The size of the drawing, and of the margins around the plot.
const SIZE: (f64, f64) = (960.0, 440.0);
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 56.0;

const STYLE: &str = "
text { font: 13px 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif; fill: #444 }
.title { font-size: 18px; font-weight: 600; fill: #111 }
.grid { stroke: #e3e3e3 } .zero { stroke: #777 }
.import { fill: #f7b267 } .export { fill: #8fcf9f }
.mean { fill: none; stroke: #1d3557; stroke-width: 1.8; stroke-linejoin: round }
.end { text-anchor: end } .middle { text-anchor: middle }
";

/// Draws the chart; `remark` is written below the title.
pub(crate) fn draw(chart: &Chart<'_>, serial_number: SerialNumber, remark: &str) -> String {
    let mut svg = String::new();
    // A `String` takes everything.
    let _: std::fmt::Result = write(&mut svg, chart, serial_number, remark);
    svg
}

fn write(svg: &mut String, chart: &Chart<'_>, serial_number: SerialNumber, remark: &str) -> std::fmt::Result {
    let (width, height) = SIZE;
    let (right, bottom, zero) = (width - RIGHT, height - BOTTOM, y(chart, 0));
    let [start, end] = chart.ends().map(|time| time.format("%Y-%m-%d"));
    let size = format!(r#"viewBox="0 0 {width} {height}" width="{width}" height="{height}""#);
    writeln!(svg, r#"<svg xmlns="http://www.w3.org/2000/svg" {size}>"#)?;
    writeln!(svg, "<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>")?;
    let title = format!("Load profile of meter {serial_number}, {start} to {end}");
    writeln!(svg, "<title>{title}</title>")?;
    writeln!(svg, r#"<text class="title" x="{LEFT}" y="32">{title}</text>"#)?;
    writeln!(svg, r#"<text x="{LEFT}" y="54">{remark}</text>"#)?;
    writeln!(svg, r#"<text x="{LEFT}" y="{}">active power L123 in {}</text>"#, TOP - 10.0, chart.ticks.unit())?;
    write_legend(svg, chart, right, TOP - 10.0)?;
    write_axes(svg, chart, right, bottom)?;
    // The same band twice: what is above zero, and what is below.
    let bands: String = runs(chart).iter().map(|run| band(chart, run)).collect();
    for (class, top, height) in [("import", 0.0, zero), ("export", zero, height - zero)] {
        writeln!(
            svg,
            r#"<clipPath id="{class}"><rect y="{top:.1}" width="{width}" height="{height:.1}"/></clipPath>"#
        )?;
        writeln!(svg, r#"<path class="{class}" clip-path="url(#{class})" d="{bands}"/>"#)?;
    }
    writeln!(svg, r#"<path class="zero" d="M{LEFT},{zero:.1}H{right}"/>"#)?;
    let means: String = runs(chart).iter().map(|run| mean(chart, run)).collect();
    writeln!(svg, "<path class=\"mean\" d=\"{means}\"/>\n</svg>")
}

/// Writes what the colours mean, up to the right end.
fn write_legend(svg: &mut String, chart: &Chart<'_>, right: f64, y: f64) -> std::fmt::Result {
    let each = chart.slot().each();
    for (class, text, x) in [("import", "import", right - 390.0), ("export", "export", right - 305.0)] {
        writeln!(svg, r#"<rect class="{class}" x="{x}" y="{}" width="20" height="11"/>"#, y - 10.0)?;
        writeln!(svg, r#"<text x="{}" y="{y}">{text}</text>"#, x + 27.0)?;
    }
    let text = if chart.slot() == Slot::Row { each.to_owned() } else { format!("range and mean of {each}") };
    let x = right - 220.0;
    writeln!(svg, r#"<path class="mean" d="M{x},{}h20"/><text x="{}" y="{y}">{text}</text>"#, y - 4.5, x + 27.0)
}

/// Writes the grid with what is written at it.
fn write_axes(svg: &mut String, chart: &Chart<'_>, right: f64, bottom: f64) -> std::fmt::Result {
    for mark in chart.ticks.marks() {
        let (y, label) = (y(chart, mark), chart.ticks.label(mark));
        writeln!(svg, r#"<line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{right}" y2="{y:.1}"/>"#)?;
        // A true minus sign is as wide as a digit.
        let label = label.replace('-', "−");
        writeln!(svg, r#"<text class="end" x="{}" y="{:.1}">{label}</text>"#, LEFT - 8.0, y + 4.5)?;
    }
    let mut free = LEFT - 20.0;
    for (slot, label) in chart.times() {
        let x = x(chart, slot as f64);
        writeln!(svg, r#"<line class="grid" x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{}"/>"#, bottom + 6.0)?;
        // What has no room is left out.
        if x >= free {
            writeln!(svg, r#"<text x="{x:.1}" y="{}">{label}</text>"#, bottom + 22.0)?;
            free = x + 14.0 + 7.5 * label.len() as f64;
        }
    }
    writeln!(svg, r#"<text class="end" x="{right}" y="{}">time (UTC)</text>"#, bottom + 44.0)
}

/// Returns the path around all that was measured in these slots.
fn band(chart: &Chart<'_>, run: &[(i64, Power)]) -> String {
    let upper = run.iter().map(|(slot, power)| (*slot, power.max));
    let lower = run.iter().rev().map(|(slot, power)| (*slot, power.min));
    path(chart, upper.chain(lower)) + "Z"
}

/// Returns the path through the means of these slots.
fn mean(chart: &Chart<'_>, run: &[(i64, Power)]) -> String {
    path(chart, run.iter().map(|(slot, power)| (*slot, power.mean())))
}

fn path(chart: &Chart<'_>, points: impl Iterator<Item = (i64, i64)>) -> String {
    let points = points.map(|(slot, power)| format!("{:.1},{:.1}", x(chart, slot as f64 + 0.5), y(chart, power)));
    format!("M{}", points.collect::<Vec<_>>().join(" "))
}

/// Splits the chart where slots are without rows, so that no line is drawn over them.
fn runs(chart: &Chart<'_>) -> Vec<Vec<(i64, Power)>> {
    let mut runs = vec![Vec::new()];
    for slot in 0..chart.width() {
        match (chart.power(slot, slot), runs.last_mut()) {
            (Some(power), Some(run)) => run.push((slot, power)),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn x(chart: &Chart<'_>, slot: f64) -> f64 {
    LEFT + slot / chart.width() as f64 * (SIZE.0 - LEFT - RIGHT)
}

fn y(chart: &Chart<'_>, power: i64) -> f64 {
    let ticks = &chart.ticks;
    let share = (power - ticks.bottom) as f64 / (ticks.top - ticks.bottom) as f64;
    SIZE.1 - BOTTOM - share * (SIZE.1 - TOP - BOTTOM)
}
