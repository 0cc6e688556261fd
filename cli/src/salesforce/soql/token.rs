//! The words, texts and signs of a query.

use axum::http::StatusCode;

use super::super::answer::ApiError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

pub(super) fn tokenize(query: &str) -> Result<Vec<Token>, ApiError> {
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

pub(super) fn unexpected(token: Option<&Token>) -> ApiError {
    match token {
        Some(Token::Word(text) | Token::Text(text)) => {
            malformed(format!("unexpected token: {text}"))
        }
        Some(Token::Sign(sign)) => malformed(format!("unexpected token: {sign}")),
        None => malformed("unexpected end of query"),
    }
}

pub(super) fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "MALFORMED_QUERY", message)
}
