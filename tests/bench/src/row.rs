//! Rows and how they are printed.

use serde::Serialize;

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// Name of the benchmark.
    pub(crate) bench: &'static str,
    /// What was measured.
    pub(crate) metric: &'static str,
    /// Our median: what cannot be measured gives no row, and the reason.
    pub(crate) value: f64,
    /// Unit of the values.
    pub(crate) unit: &'static str,
    /// The program or limit to compare with; none if there is no such thing.
    pub(crate) peer: Option<&'static str>,
    /// Its median; none if it was not measured in the same run.
    pub(crate) peer_value: Option<f64>,
    /// Ours to the peer's; none without the peer's median.
    pub(crate) ratio: Option<f64>,
    /// The value not to be exceeded; of a rate, the value to be reached.
    pub(crate) goal: Option<f64>,
    /// Shared by the rows of one run.
    pub(crate) run: String,
}

/// Unit of a rate: more is better.
pub(crate) const PER_SECOND: &str = "1/s";

impl Row {
    fn met(&self, goal: f64) -> bool {
        if self.unit == PER_SECOND { self.value >= goal } else { self.value <= goal }
    }
}

/// JSON has no word for what is no number: it would be written as null.
pub(crate) fn all_numbers(rows: &[Row]) -> anyhow::Result<()> {
    for Row { bench, metric, value, peer_value, ratio, .. } in rows {
        let numbers = [Some(*value), *peer_value, *ratio];
        anyhow::ensure!(
            numbers.iter().flatten().all(|number| number.is_finite()),
            "{bench}: {metric} could not be measured"
        );
    }
    Ok(())
}

/// One object per line.
pub(crate) fn print_json(rows: &[Row]) -> anyhow::Result<()> {
    for row in rows {
        println!("{}", serde_json::to_string(row)?);
    }
    Ok(())
}

/// A plain table.
pub(crate) fn print_table(rows: &[Row]) {
    println!("{:<8} {:<26} {:>10} {:<4} {:>8}  met", "bench", "metric", "value", "unit", "goal");
    for row in rows {
        let goal = row.goal.map_or_else(|| "-".to_owned(), |goal| goal.to_string());
        let met = row.goal.map_or("-", |goal| if row.met(goal) { "yes" } else { "NO" });
        println!("{:<8} {:<26} {:>10.2} {:<4} {goal:>8}  {met}", row.bench, row.metric, row.value, row.unit);
    }
    for row in rows {
        match (row.peer, row.peer_value, row.ratio) {
            (Some(peer), Some(value), Some(ratio)) => {
                println!("{}: {peer} {value:.2} {}, ours to it {ratio:.2}", row.metric, row.unit);
            }
            (Some(peer), ..) => println!("{}: {peer} not measured in this run", row.metric),
            (None, ..) => {}
        }
    }
    if rows.iter().all(|row| row.peer.is_none()) {
        println!("peer: none in this run");
    }
}

/// These metrics in this order, each beside a peer of the same run, all of them numbers.
#[cfg(test)]
pub(crate) fn all_measured(rows: &[Row], metrics: &[&str]) {
    let named: Vec<_> = rows.iter().map(|row| row.metric).collect();
    assert_eq!(named, metrics);
    for row in rows {
        for value in [Some(row.value), row.peer_value, row.ratio] {
            assert!(value.is_some_and(|value| value.is_finite() && value > 0.0), "{row:?}");
        }
        assert!(row.peer.is_some() && row.run == rows[0].run, "{row:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_must_stay_below_its_goal_and_a_rate_above() {
        let row = |unit, value| Row {
            bench: "session",
            metric: "messages/s",
            value,
            unit,
            peer: Some("sum of primitives"),
            peer_value: Some(1.0),
            ratio: Some(value),
            goal: Some(2.0),
            run: "1-2".into(),
        };
        assert!(row("ms", 1.9).met(2.0) && !row("ms", 2.1).met(2.0));
        assert!(row(PER_SECOND, 2.1).met(2.0) && !row(PER_SECOND, 1.9).met(2.0));
    }

    #[test]
    fn what_is_no_number_is_an_error_and_never_null() {
        let row = |value, ratio| Row {
            bench: "network",
            metric: "delivery ms p50",
            value,
            unit: "ms",
            peer: None,
            peer_value: None,
            ratio,
            goal: None,
            run: "1-2".into(),
        };
        assert!(all_numbers(&[row(1.0, None), row(1.0, Some(2.0))]).is_ok());
        for bad in [row(f64::NAN, None), row(f64::INFINITY, None), row(1.0, Some(1.0 / 0.0))] {
            let error = all_numbers(&[row(1.0, None), bad]).unwrap_err();
            assert_eq!(error.to_string(), "network: delivery ms p50 could not be measured");
        }
    }

    #[test]
    fn a_row_without_a_peer_has_null_ratio_and_all_nine_fields_in_order() {
        let row = Row {
            bench: "proof",
            metric: "verify",
            value: 1.25,
            unit: "ms",
            peer: None,
            peer_value: None,
            ratio: None,
            goal: Some(1.5),
            run: "1-2".into(),
        };
        let expected = r#"{"bench":"proof","metric":"verify","value":1.25,"unit":"ms","peer":null,"peer_value":null,"ratio":null,"goal":1.5,"run":"1-2"}"#;
        assert_eq!(serde_json::to_string(&row).unwrap(), expected);
    }
}
