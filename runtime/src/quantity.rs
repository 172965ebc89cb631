//! Quantities for people: three digits and a unit, or a number of things.

/// A duration: `12.3 ms`.
#[must_use]
pub fn seconds(s: f64) -> String {
    let (scaled, unit) = match s.abs() {
        x if x >= 1.0 => (s, "s"),
        x if x >= 1e-3 => (s * 1e3, "ms"),
        x if x >= 1e-6 => (s * 1e6, "us"),
        _ => (s * 1e9, "ns"),
    };
    format!("{} {unit}", three_digits(scaled))
}

/// An amount of memory: `512 MiB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    if n < 1024 {
        return format!("{n} B");
    }
    let power = n.ilog2() / 10;
    let unit = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][power as usize];
    format!("{} {unit}", three_digits(n as f64 / (10.0 * f64::from(power)).exp2()))
}

/// A number of things: `1 round`, `12 rounds`.
#[must_use]
pub fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A share: `2 %`, `0.5 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{} %", (share * 1e3).round() / 10.0)
}

fn three_digits(x: f64) -> String {
    match x.abs() {
        a if a >= 99.95 => format!("{x:.0}"),
        a if a >= 9.995 => format!("{x:.1}"),
        _ => format!("{x:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        assert_eq!(seconds(0.012_345), "12.3 ms");
        assert_eq!(seconds(123.4), "123 s");
        assert_eq!(seconds(9.996e-6), "10.0 us");
        assert_eq!(seconds(0.0), "0.00 ns");
        assert_eq!(bytes(512 << 20), "512 MiB");
        assert_eq!(bytes(1536), "1.50 KiB");
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
        assert_eq!(bytes(7), "7 B");
        assert_eq!([0, 1, 2].map(|n| count(n, "task")), ["0 tasks", "1 task", "2 tasks"]);
        assert_eq!([percent(0.02), percent(0.005)], ["2 %", "0.5 %"]);
    }
}
