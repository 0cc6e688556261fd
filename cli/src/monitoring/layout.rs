//! The grid of a dashboard, and its JSON with one metric on a line.

use serde_json::{Value, json};

/// Columns of a dashboard.
const COLUMNS: u64 = 24;
/// The properties of a widget besides its metrics, in the order in which they are written.
const PROPERTIES: [&str; 9] = [
    "title",
    "markdown",
    "region",
    "view",
    "stat",
    "period",
    "setPeriodToTimeRange",
    "yAxis",
    "annotations",
];

/// Widgets from left to right, and then in the next row.
#[derive(Debug, Default)]
pub(super) struct Grid {
    widgets: Vec<Value>,
    x: u64,
    y: u64,
    /// The height of the current row.
    height: u64,
}

impl Grid {
    /// Adds a widget of this size.
    pub(super) fn add(&mut self, kind: &str, (width, height): (u64, u64), properties: &Value) {
        if self.x + width > COLUMNS {
            self.start_row();
        }
        self.widgets.push(json!({
            "type": kind,
            "x": self.x,
            "y": self.y,
            "width": width,
            "height": height,
            "properties": properties,
        }));
        self.x += width;
        self.height = self.height.max(height);
    }

    /// Places the next widget at the beginning of a row.
    pub(super) fn start_row(&mut self) {
        self.y += self.height;
        (self.x, self.height) = (0, 0);
    }

    /// The body of the dashboard.
    pub(super) fn body(self) -> Value {
        json!({ "widgets": self.widgets })
    }
}

/// The body as JSON with one metric on a line. A template has at most 51,200 bytes, so there is little space around it.
pub(super) fn text(body: &Value) -> String {
    let widgets = body["widgets"].as_array().map_or(&[][..], Vec::as_slice);
    let widgets: Vec<String> = widgets.iter().map(widget).collect();
    format!("{{\"widgets\": [\n{}\n]}}", widgets.join(",\n"))
}

fn widget(widget: &Value) -> String {
    let place = fields(widget, &["type", "x", "y", "width", "height"]);
    let properties = &widget["properties"];
    let rest = fields(properties, &PROPERTIES);
    let rows = properties["metrics"].as_array().map(|rows| {
        let rows: Vec<String> = rows
            .iter()
            .map(|row| format!(" {}", one_line(row)))
            .collect();
        format!(",\n \"metrics\": [\n{}]", rows.join(",\n"))
    });
    format!(
        "{{{place}, \"properties\": {{\n {rest}{}}}}}",
        rows.unwrap_or_default()
    )
}

/// The fields that are present, in this order.
fn fields(object: &Value, names: &[&str]) -> String {
    let present = names.iter().filter(|name| !object[**name].is_null());
    let fields: Vec<String> = present
        .map(|name| format!("{}: {}", json!(name), one_line(&object[*name])))
        .collect();
    fields.join(", ")
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(one_line).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", json!(key), one_line(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Grid, text};

    #[test]
    fn widgets_do_not_overlap_and_stay_in_the_grid() {
        let mut grid = Grid::default();
        for (width, height) in [(24, 2), (12, 6), (12, 8), (8, 3), (8, 3), (12, 3)] {
            grid.add("metric", (width, height), &json!({}));
        }
        let body = grid.body();
        let places: Vec<(u64, u64)> = body["widgets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|widget| (widget["x"].as_u64().unwrap(), widget["y"].as_u64().unwrap()))
            .collect();
        assert_eq!(places, [(0, 0), (0, 2), (12, 2), (0, 10), (8, 10), (0, 13)]);
    }

    #[test]
    fn text_is_the_same_value() {
        let properties = json!({"title": "a \"b\"", "region": "r", "stat": "Sum", "period": 60, "yAxis": {"left": {"min": 0}},
            "annotations": {"horizontal": [{"value": 1.5}]}, "view": "singleValue", "setPeriodToTimeRange": true,
            "metrics": [["N", "A"], ["N", "B", {"color": "#d62728"}]]});
        let mut grid = Grid::default();
        grid.add("metric", (12, 6), &properties);
        grid.add("text", (12, 6), &json!({"markdown": "m\nn"}));
        let body = grid.body();
        let text = text(&body);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            body
        );
        assert!(
            text.lines().any(|line| line.trim() == "[\"N\", \"A\"],"),
            "{text}"
        );
    }
}
