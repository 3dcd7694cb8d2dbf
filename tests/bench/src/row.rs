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
    /// A row without a peer: metric and unit, our median, the goal if there is one, the run it shares with others.
    pub(crate) fn new(
        bench: &'static str,
        (metric, unit): (&'static str, &'static str),
        value: f64,
        goal: Option<f64>,
        run: &str,
    ) -> Self {
        Self { bench, metric, value, unit, peer: None, peer_value: None, ratio: None, goal, run: run.to_owned() }
    }

    /// The row beside the median of a peer that was measured in the same run: the one place that makes a ratio.
    pub(crate) fn beside(self, peer: &'static str, peer_value: f64) -> Self {
        Self { peer: Some(peer), peer_value: Some(peer_value), ratio: Some(self.value / peer_value), ..self }
    }

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
        let row = |unit, value| Row::new("session", ("messages/s", unit), value, Some(2.0), "1-2");
        assert!(row("ms", 1.9).met(2.0) && !row("ms", 2.1).met(2.0));
        assert!(row(PER_SECOND, 2.1).met(2.0) && !row(PER_SECOND, 1.9).met(2.0));
    }

    #[test]
    fn a_ratio_is_ours_to_the_peers() {
        for unit in ["ms", PER_SECOND] {
            let row = Row::new("session", ("ratchet step ms", unit), 6.0, None, "1-2").beside("sum of primitives", 2.0);
            let told = (row.value, row.peer, row.peer_value, row.ratio);
            assert_eq!(told, (6.0, Some("sum of primitives"), Some(2.0), Some(3.0)));
        }
    }

    #[test]
    fn what_is_no_number_is_an_error_and_never_null() {
        let row = |value, ratio| Row { ratio, ..Row::new("network", ("delivery ms p50", "ms"), value, None, "1-2") };
        assert!(all_numbers(&[row(1.0, None), row(1.0, Some(2.0))]).is_ok());
        for bad in [row(f64::NAN, None), row(f64::INFINITY, None), row(1.0, Some(1.0 / 0.0))] {
            let error = all_numbers(&[row(1.0, None), bad]).unwrap_err();
            assert_eq!(error.to_string(), "network: delivery ms p50 could not be measured");
        }
    }

    #[test]
    fn a_row_without_a_peer_has_null_ratio_and_all_nine_fields_in_order() {
        let row = Row::new("proof", ("verify", "ms"), 1.25, Some(1.5), "1-2");
        let expected = r#"{"bench":"proof","metric":"verify","value":1.25,"unit":"ms","peer":null,"peer_value":null,"ratio":null,"goal":1.5,"run":"1-2"}"#;
        assert_eq!(serde_json::to_string(&row).unwrap(), expected);
    }
}
