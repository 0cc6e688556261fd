//! Collects the log events of the thread of a test.

use std::{cell::RefCell, fmt::Debug, fmt::Write, sync::Once};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span, subscriber,
};

/// Name and value of each field of a line.
type Line = Vec<(String, String)>;

thread_local! {
    static LINES: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// Keeps every line that this thread logs while it lives, of the levels that are logged by default.
#[derive(Debug)]
pub(crate) struct Log(());

impl Log {
    /// One subscriber serves all tests: with one for each, a line that another thread logs first stays off for good.
    pub(crate) fn keep() -> Self {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(|| subscriber::set_global_default(Threads).unwrap());
        LINES.set(Some(Vec::new()));
        Self(())
    }

    /// The values of a field, in the order of lines.
    pub(crate) fn field(&self, name: &str) -> Vec<String> {
        let fields = self.lines().into_iter().flatten();
        let found = fields.filter(|(field, _)| field == name);
        found.map(|(_, value)| value).collect()
    }

    /// All that was logged.
    pub(crate) fn text(&self) -> String {
        self.lines().iter().fold(String::new(), |mut text, line| {
            writeln!(text, "{line:?}").unwrap();
            text
        })
    }

    fn lines(&self) -> Vec<Line> {
        let Self(()) = self;
        LINES.with_borrow(|lines| lines.clone().unwrap_or_default())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

/// Gives each line to its thread.
struct Threads;

impl Subscriber for Threads {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                let mut fields = Fields::default();
                event.record(&mut fields);
                lines.push(fields.0);
            }
        });
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields(Line);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name().to_owned(), value.to_owned()));
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
