//! The checks of the body of a dashboard.
//!
//! Sources: [structure of the body](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html)
//! and the [quotas](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    limits::{MAX_DIMENSIONS, Refusal, check_metric_name, check_number, refuse},
    math,
};

const COLUMNS: u64 = 24;
const MAX_HEIGHT: u64 = 1000;
const MAX_WIDGETS: usize = 500;
const MAX_WIDGET_METRICS: usize = 500;
const MAX_DASHBOARD_METRICS: usize = 2500;
const VIEWS: [&str; 6] = ["bar", "gauge", "pie", "singleValue", "table", "timeSeries"];
const PROPERTIES: [&str; 15] = [
    "accountId",
    "annotations",
    "legend",
    "liveData",
    "metrics",
    "period",
    "region",
    "setPeriodToTimeRange",
    "sparkline",
    "stacked",
    "stat",
    "timezone",
    "title",
    "view",
    "yAxis",
];
const OPTIONS: [&str; 10] = [
    "accountId",
    "color",
    "expression",
    "id",
    "label",
    "period",
    "region",
    "stat",
    "visible",
    "yAxis",
];
const AXIS: [&str; 4] = ["label", "max", "min", "showUnits"];
const ANNOTATION: [&str; 6] = ["color", "fill", "label", "value", "visible", "yAxis"];

/// Checks the body of a dashboard.
///
/// # Errors
///
/// When CloudWatch would refuse it, or show it with a warning.
pub fn check_dashboard(body: &Value) -> Result<(), Refusal> {
    let Some(widgets) = body["widgets"].as_array() else {
        return refuse("the body has no widgets");
    };
    check_number("widgets", widgets.len(), MAX_WIDGETS)?;
    let mut cells = BTreeSet::new();
    let mut metrics = 0;
    for widget in widgets {
        check_place(widget, &mut cells)?;
        let properties = &widget["properties"];
        match widget["type"].as_str() {
            Some("metric") => metrics += check_metric_widget(properties)?,
            Some("text")
                if properties["markdown"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()) => {}
            _ => return refuse(format!("{widget} is no widget that this check covers")),
        }
    }
    check_number("metrics of a dashboard", metrics, MAX_DASHBOARD_METRICS)
}

fn check_place(widget: &Value, cells: &mut BTreeSet<(u64, u64)>) -> Result<(), Refusal> {
    let number = |name: &str| widget[name].as_u64().unwrap_or(u64::MAX);
    let (x, y, width, height) = (number("x"), number("y"), number("width"), number("height"));
    let is_placed =
        x < COLUMNS && width >= 1 && width <= COLUMNS - x && (1..=MAX_HEIGHT).contains(&height);
    if !is_placed || y > 10_000 {
        return refuse(format!("a widget is at {x}, {y} with {width} x {height}"));
    }
    for column in x..x + width {
        for row in y..y + height {
            if !cells.insert((column, row)) {
                return refuse(format!("two widgets overlap at {column}, {row}"));
            }
        }
    }
    Ok(())
}

/// The number of metrics.
fn check_metric_widget(properties: &Value) -> Result<usize, Refusal> {
    let title = &properties["title"];
    check_names(properties, &PROPERTIES)?;
    if properties["region"].as_str().is_none() || title.as_str().is_none_or(str::is_empty) {
        return refuse(format!("{title} has no region or title"));
    }
    if !VIEWS.contains(&properties["view"].as_str().unwrap_or("timeSeries")) {
        return refuse(format!("{title} has an unknown view"));
    }
    check_period(&properties["period"])?;
    check_stat(&properties["stat"])?;
    for (side, axis) in entries(&properties["yAxis"]) {
        if !["left", "right"].contains(&side.as_str()) {
            return refuse(format!("{title} has an axis `{side}`"));
        }
        check_names(axis, &AXIS)?;
    }
    for annotation in properties
        .pointer("/annotations/horizontal")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        check_names(annotation, &ANNOTATION)?;
        if annotation["value"].as_f64().is_none() {
            return refuse(format!("{title} has an annotation without value"));
        }
    }
    let rows = properties["metrics"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        return refuse(format!("{title} has no metrics"));
    }
    check_number("metrics of a widget", rows.len(), MAX_WIDGET_METRICS)?;
    let given: Vec<&str> = rows
        .iter()
        .filter_map(|row| options(row)?["id"].as_str())
        .collect();
    let ids: BTreeSet<&str> = given.iter().copied().collect();
    if ids.len() != given.len() {
        return refuse(format!("{title} has an id twice"));
    }
    for row in rows {
        check_row(row, &ids)?;
    }
    let is_visible = |row: &Value| options(row).is_none_or(|options| options["visible"] != false);
    if !rows.iter().any(is_visible) {
        return refuse(format!("{title} shows nothing"));
    }
    Ok(rows.len())
}

fn check_row(row: &Value, ids: &BTreeSet<&str>) -> Result<(), Refusal> {
    let Some(fields) = row.as_array() else {
        return refuse(format!("{row} is no metric"));
    };
    if let Some(options) = options(row) {
        check_names(options, &OPTIONS)?;
        if let Some(id) = options["id"].as_str() {
            math::check_id(id)?;
        }
        check_period(&options["period"])?;
        check_stat(&options["stat"])?;
        let is_hex = |color: &str| {
            let digits = color.strip_prefix('#');
            digits.is_some_and(|digits| {
                digits.len() == 6 && digits.chars().all(|digit| digit.is_ascii_hexdigit())
            })
        };
        if options["color"]
            .as_str()
            .is_some_and(|color| !is_hex(color))
        {
            return refuse(format!("{row} has an unknown color"));
        }
        if let Some(expression) = options["expression"].as_str() {
            if fields.len() > 1 {
                return refuse(format!("{row} is a metric and an expression"));
            }
            return math::check_expression(expression, ids);
        }
    }
    let texts: Vec<&str> = fields.iter().filter_map(Value::as_str).collect();
    let objects = usize::from(options(row).is_some());
    if texts.len() + objects != fields.len() || texts.len() < 2 || !texts.len().is_multiple_of(2) {
        return refuse(format!(
            "{row} is no namespace, name and pairs of dimensions"
        ));
    }
    check_number("dimensions", texts.len() / 2 - 1, MAX_DIMENSIONS)?;
    if texts.iter().any(|text| text.is_empty()) {
        return refuse(format!("{row} has an empty name"));
    }
    check_metric_name(texts.get(1).copied().unwrap_or_default())
}

/// The options at the end of a row.
fn options(row: &Value) -> Option<&Value> {
    row.as_array()?.last().filter(|last| last.is_object())
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn check_names(value: &Value, allowed: &[&str]) -> Result<(), Refusal> {
    let unknown = entries(value).find(|(name, _)| !allowed.contains(&name.as_str()));
    unknown.map_or(Ok(()), |(name, _)| {
        refuse(format!("there is no property `{name}`"))
    })
}

fn check_period(value: &Value) -> Result<(), Refusal> {
    let is_valid = match value.as_u64() {
        Some(1 | 5 | 10 | 30) => true,
        Some(seconds) => seconds > 0 && seconds.is_multiple_of(60) && seconds <= 86_400,
        None => value.is_null(),
    };
    if is_valid {
        return Ok(());
    }
    refuse(format!("{value} is no period"))
}

fn check_stat(value: &Value) -> Result<(), Refusal> {
    let Some(stat) = value.as_str() else {
        return if value.is_null() {
            Ok(())
        } else {
            refuse("a statistic is no text")
        };
    };
    let percentile = stat
        .strip_prefix('p')
        .and_then(|rest| rest.parse::<f64>().ok());
    let is_percentile = percentile.is_some_and(|rank| (0.0..=100.0).contains(&rank));
    if is_percentile || ["Average", "Maximum", "Minimum", "SampleCount", "Sum"].contains(&stat) {
        return Ok(());
    }
    refuse(format!("`{stat}` is no statistic"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check_dashboard;

    fn body() -> Value {
        json!({"widgets": [
            {"type": "metric", "x": 0, "y": 0, "width": 12, "height": 6, "properties": {
                "title": "T", "region": "r", "view": "timeSeries", "stat": "Sum", "period": 60,
                "yAxis": {"left": {"min": 0}}, "annotations": {"horizontal": [{"label": "l", "value": 5}]},
                "metrics": [["N", "M", "D", "v", {"color": "#d62728"}], [{"id": "r1", "expression": "FILL(a, 0)"}],
                    ["N", "A", {"id": "a", "stat": "p99", "visible": false, "period": 300}]]}},
            {"type": "text", "x": 12, "y": 0, "width": 12, "height": 6, "properties": {"markdown": "m"}},
        ]})
    }

    #[test]
    fn each_mistake_of_a_dashboard_is_refused() {
        check_dashboard(&body()).unwrap();
        let of_widget = "/widgets/0/properties";
        let mistakes: [(String, Value); 16] = [
            ("/widgets/0/x".into(), json!(13)),
            ("/widgets/1/x".into(), json!(11)),
            ("/widgets/1/width".into(), json!(13)),
            ("/widgets/1/type".into(), json!("test")),
            ("/widgets/1/properties".into(), json!({})),
            (format!("{of_widget}/view"), json!("timeseries")),
            (format!("{of_widget}/stat"), json!("Total")),
            (format!("{of_widget}/period"), json!(90)),
            (
                format!("{of_widget}/yAxis"),
                json!({"left": {"minimum": 0}}),
            ),
            (
                format!("{of_widget}/annotations/horizontal/0/value"),
                json!("5"),
            ),
            (format!("{of_widget}/metrics/0"), json!(["N", "M", "D"])),
            (
                format!("{of_widget}/metrics/0"),
                json!(["N", "M", {"colour": "red"}]),
            ),
            (
                format!("{of_widget}/metrics/1/0/expression"),
                json!("FILL(b, 0)"),
            ),
            (format!("{of_widget}/metrics/2/2/id"), json!("r1")),
            (format!("{of_widget}/metrics/2/2/period"), json!(45)),
            (format!("{of_widget}/metrics"), json!([])),
        ];
        for (pointer, value) in mistakes {
            let mut body = body();
            *body.pointer_mut(&pointer).unwrap() = value.clone();
            assert!(check_dashboard(&body).is_err(), "{pointer} {value}");
        }
        let mut body = body();
        body["widgets"][0]["properties"]["metrics"] = vec![json!(["N", "M"]); 501].into();
        assert!(
            check_dashboard(&body)
                .unwrap_err()
                .to_string()
                .contains("501 metrics")
        );
    }
}
