//! The text of a query, read from the left.

use axum::http::StatusCode;

use super::{
    super::{answer::ApiError, schema},
    Order, Select,
    condition::{Condition, Operator},
};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// Reads a query.
pub(super) fn parse(query: &str) -> Result<Select, ApiError> {
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
        let mut fields = vec![schema::known(&first)?];
        while tokens.take(&Token::Sign(',')) {
            fields.push(schema::known(&tokens.word()?)?);
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
    let mut order = Vec::new();
    if tokens.take_keyword("ORDER") {
        tokens.keyword("BY")?;
        order.push(tokens.order()?);
        while tokens.take(&Token::Sign(',')) {
            order.push(tokens.order()?);
        }
    }
    let limit = if tokens.take_keyword("LIMIT") {
        Some(tokens.number()?)
    } else {
        None
    };
    let offset = if tokens.take_keyword("OFFSET") {
        tokens.number()?
    } else {
        0
    };
    tokens.end()?;
    Ok(Select {
        fields,
        conditions,
        order,
        limit,
        offset,
    })
}

/// The tokens of a query, read from the left.
struct Tokens {
    tokens: Vec<Token>,
    next: usize,
}

impl Tokens {
    fn condition(&mut self) -> Result<Condition, ApiError> {
        let field = schema::known(&self.word()?)?;
        let operator = self.operator()?;
        let is_list = operator.1;
        let mut values = Vec::new();
        if is_list {
            self.sign('(')?;
            values.push(self.value()?);
            while self.take(&Token::Sign(',')) {
                values.push(self.value()?);
            }
            self.sign(')')?;
        } else {
            values.push(self.value()?);
        }
        Ok(Condition {
            field,
            operator: operator.0,
            values,
        })
    }

    /// The operator, and whether a list follows.
    fn operator(&mut self) -> Result<(Operator, bool), ApiError> {
        for (keyword, operator) in [("IN", Operator::In), ("LIKE", Operator::Like)] {
            if self.take_keyword(keyword) {
                return Ok((operator, operator == Operator::In));
            }
        }
        if self.take_keyword("NOT") {
            self.keyword("IN")?;
            return Ok((Operator::NotIn, true));
        }
        let signs = [
            ("!=", Operator::NotIn),
            ("<>", Operator::NotIn),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("=", Operator::In),
        ];
        for (text, operator) in signs {
            if self.take_signs(text) {
                return Ok((operator, false));
            }
        }
        Err(unexpected(self.peek()))
    }

    fn order(&mut self) -> Result<Order, ApiError> {
        let field = schema::known(&self.word()?)?;
        let descending = !self.take_keyword("ASC") && self.take_keyword("DESC");
        if self.take_keyword("NULLS") {
            self.keyword("FIRST")?;
        }
        Ok(Order { field, descending })
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

    fn take_signs(&mut self, text: &str) -> bool {
        let signs = text.chars().map(Token::Sign);
        let there = self.tokens.iter().skip(self.next);
        let found = there.take(text.len()).cloned().eq(signs);
        self.next += if found { text.len() } else { 0 };
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
