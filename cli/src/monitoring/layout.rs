//! The grid of a dashboard, and its JSON with one metric on a line.

use serde_json::{Value, json};

/// Columns of a dashboard.
const COLUMNS: u64 = 24;
/// Longer values are written over several lines.
const LINE: usize = 140;

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

/// JSON in which a short value is on one line.
pub(super) fn text(value: &Value, indent: usize) -> String {
    let short = one_line(value);
    if indent + short.len() <= LINE {
        return short;
    }
    let (inner, outer) = (" ".repeat(indent + 2), " ".repeat(indent));
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("{inner}{}", text(item, indent + 2)))
                .collect();
            format!("[\n{}\n{outer}]", items.join(",\n"))
        }
        Value::Object(entries) if !entries.is_empty() => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{inner}{}: {}", json!(key), text(value, indent + 2)))
                .collect();
            format!("{{\n{}\n{outer}}}", entries.join(",\n"))
        }
        _ => short,
    }
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
        let value = json!({"a": vec!["a long text"; 20], "b": {"c": [1, null, true]}, "d": []});
        let text = text(&value, 0);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
        assert!(
            text.lines().all(|line| line.len() < 160) && text.lines().count() > 10,
            "{text}"
        );
    }
}
