//! An estimate of the monthly price of metrics, alarms and the dashboard.
//!
//! The prices are those of us-east-1 for the first tier, <https://aws.amazon.com/cloudwatch/pricing/>. The free tier is not
//! subtracted.

use super::alarm::Alarm;

/// Of one custom metric, in US cents for a month.
const METRIC: u64 = 30;
/// Of each metric of an alarm, in US cents for a month.
const ALARM_METRIC: u64 = 10;
/// Of a composite alarm, in US cents for a month.
const COMPOSITE: u64 = 50;
/// Of a dashboard, in US cents for a month.
const DASHBOARD: u64 = 300;

/// What is charged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Custom metrics: one for each name and combination of dimensions.
    pub metrics: u64,
    /// Metrics of all alarms.
    pub alarm_metrics: u64,
    /// Composite alarms.
    pub composite_alarms: u64,
    /// Dashboards.
    pub dashboards: u64,
}

impl Cost {
    /// The cost of metrics alone.
    pub fn of_metrics(metrics: u64) -> Self {
        Self {
            metrics,
            ..Self::default()
        }
    }

    /// The cost of metrics, alarms and one dashboard.
    pub fn of(metrics: u64, alarms: &[Alarm]) -> Self {
        let sum = |number: fn(&Alarm) -> u64| alarms.iter().map(number).sum();
        Self {
            metrics,
            alarm_metrics: sum(Alarm::charged_metrics),
            composite_alarms: sum(|alarm| u64::from(alarm.is_composite())),
            dashboards: 1,
        }
    }

    /// For a month, as `4.50 USD`.
    pub fn monthly(&self) -> String {
        let cents = self.metrics * METRIC
            + self.alarm_metrics * ALARM_METRIC
            + self.composite_alarms * COMPOSITE
            + self.dashboards * DASHBOARD;
        format!("{}.{:02} USD", cents / 100, cents % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn price_is_that_of_metrics_alarms_and_dashboard() {
        assert_eq!(Cost::of_metrics(5).monthly(), "1.50 USD");
        let all = Cost {
            metrics: 6,
            alarm_metrics: 31,
            composite_alarms: 1,
            dashboards: 1,
        };
        assert_eq!(all.monthly(), "8.40 USD");
    }
}
