//! The part of SOQL that asks for Cases by a few fields: `SELECT .. FROM Case WHERE .. = '..' AND .. IN (..)`.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde_json::{Map, Value, json};

use super::{answer::ApiError, record_id, schema, sobjects, store::Case, world::Shared};

/// A parsed query.
#[derive(Debug, PartialEq, Eq)]
struct Select {
    /// `None` for `count()`.
    fields: Option<Vec<String>>,
    conditions: Vec<Condition>,
    limit: Option<usize>,
}

/// The field has one of these values.
#[derive(Debug, PartialEq, Eq)]
struct Condition {
    field: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// `GET query?q=..`.
pub(crate) async fn query(
    State(shared): State<Shared>,
    Path(version): Path<String>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let select = parse(parameters.get("q").map(String::as_str).unwrap_or_default())?;
    let world = shared.world();
    let found = world.cases.all().iter().filter(|case| select.matches(case));
    let found: Vec<&Case> = found.take(select.limit.unwrap_or(usize::MAX)).collect();
    let records: Vec<Value> = match &select.fields {
        None => Vec::new(),
        Some(fields) => found
            .iter()
            .map(|case| row(case, fields, &version))
            .collect(),
    };
    Ok(Json(
        json!({ "totalSize": found.len(), "done": true, "records": records }),
    ))
}

impl Select {
    fn matches(&self, case: &Case) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.matches(case))
    }
}

impl Condition {
    fn matches(&self, case: &Case) -> bool {
        let found = match case.value(&self.field) {
            Value::String(found) => found,
            Value::Null => return self.values.iter().any(String::is_empty),
            other => other.to_string(),
        };
        // Text compares without case, ids in either length.
        self.values.iter().any(|value| {
            found.eq_ignore_ascii_case(value)
                || (self.field == "Id" && found == record_id::to_18(value))
        })
    }
}

fn row(case: &Case, fields: &[String], version: &str) -> Value {
    let mut row = Map::new();
    row.insert("attributes".to_owned(), sobjects::attributes(case, version));
    row.extend(
        fields
            .iter()
            .map(|field| (field.clone(), case.value(field))),
    );
    Value::Object(row)
}

fn parse(query: &str) -> Result<Select, ApiError> {
    let mut tokens = Tokens {
        tokens: tokenize(query)?,
        next: 0,
    };
    tokens.keyword("SELECT")?;
    let first = tokens.word()?;
    let fields = if first.eq_ignore_ascii_case("count") && tokens.take(&Token::Sign('(')) {
        tokens.sign(')')?;
        None
    } else {
        let mut fields = vec![known_field(&first)?];
        while tokens.take(&Token::Sign(',')) {
            fields.push(known_field(&tokens.word()?)?);
        }
        Some(fields)
    };
    tokens.keyword("FROM")?;
    let object = tokens.word()?;
    if !object.eq_ignore_ascii_case("Case") {
        let message = format!("sObject type '{object}' is not supported.");
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_TYPE",
            message,
        ));
    }
    let mut conditions = Vec::new();
    if tokens.take_keyword("WHERE") {
        conditions.push(tokens.condition()?);
        while tokens.take_keyword("AND") {
            conditions.push(tokens.condition()?);
        }
    }
    let limit = if tokens.take_keyword("LIMIT") {
        Some(tokens.number()?)
    } else {
        None
    };
    tokens.end()?;
    Ok(Select {
        fields,
        conditions,
        limit,
    })
}

/// The tokens of a query, read from the left.
struct Tokens {
    tokens: Vec<Token>,
    next: usize,
}

impl Tokens {
    fn condition(&mut self) -> Result<Condition, ApiError> {
        let field = known_field(&self.word()?)?;
        if self.take(&Token::Sign('=')) {
            return Ok(Condition {
                field,
                values: vec![self.value()?],
            });
        }
        self.keyword("IN")?;
        self.sign('(')?;
        let mut values = vec![self.value()?];
        while self.take(&Token::Sign(',')) {
            values.push(self.value()?);
        }
        self.sign(')')?;
        Ok(Condition { field, values })
    }

    fn value(&mut self) -> Result<String, ApiError> {
        match self.advance() {
            Some(Token::Text(text)) => Ok(text),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => Ok(String::new()),
            Some(Token::Word(word)) => Ok(word),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn word(&mut self) -> Result<String, ApiError> {
        match self.advance() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn number(&mut self) -> Result<usize, ApiError> {
        let word = self.word()?;
        word.parse()
            .map_err(|_| unexpected(Some(&Token::Word(word))))
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), ApiError> {
        if self.take_keyword(keyword) {
            Ok(())
        } else {
            Err(unexpected(self.peek()))
        }
    }

    fn sign(&mut self, sign: char) -> Result<(), ApiError> {
        if self.take(&Token::Sign(sign)) {
            Ok(())
        } else {
            Err(unexpected(self.peek()))
        }
    }

    fn end(&self) -> Result<(), ApiError> {
        self.peek()
            .map_or(Ok(()), |token| Err(unexpected(Some(token))))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn advance(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }
}

fn tokenize(query: &str) -> Result<Vec<Token>, ApiError> {
    let mut tokens = Vec::new();
    let mut chars = query.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\'' {
            let mut text = String::new();
            loop {
                match chars.next() {
                    Some('\'') => break,
                    Some('\\') => text.extend(chars.next()),
                    Some(char) => text.push(char),
                    None => return Err(malformed("line breaks not allowed in string literals")),
                }
            }
            tokens.push(Token::Text(text));
        } else if is_word(char) {
            let mut word = String::from(char);
            while let Some(char) = chars.next_if(|&char| is_word(char)) {
                word.push(char);
            }
            tokens.push(Token::Word(word));
        } else if !char.is_whitespace() {
            tokens.push(Token::Sign(char));
        }
    }
    Ok(tokens)
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '.' | ':' | '-' | '+')
}

fn known_field(name: &str) -> Result<String, ApiError> {
    schema::field(name)
        .map(|(name, _)| name.to_owned())
        .ok_or_else(|| {
            let message = format!("No such column '{name}' on entity 'Case'.");
            ApiError::new(StatusCode::BAD_REQUEST, "INVALID_FIELD", message)
        })
}

fn unexpected(token: Option<&Token>) -> ApiError {
    match token {
        Some(Token::Word(text) | Token::Text(text)) => {
            malformed(format!("unexpected token: {text}"))
        }
        Some(Token::Sign(sign)) => malformed(format!("unexpected token: {sign}")),
        None => malformed("unexpected end of query"),
    }
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "MALFORMED_QUERY", message)
}
