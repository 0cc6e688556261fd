//! The text of a query, read from the left.

use axum::http::StatusCode;

use super::{
    super::{answer::ApiError, schema},
    condition::{Condition, Operator},
    select::{Columns, Order, Select},
    term::{Function, Term},
    token::{Token, malformed, tokenize, unexpected},
};

/// Reads a query.
pub(super) fn parse(query: &str) -> Result<Select, ApiError> {
    let mut tokens = Tokens {
        tokens: tokenize(query)?,
        next: 0,
    };
    tokens.keyword("SELECT")?;
    let columns = tokens.columns()?;
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
    let conditions = if tokens.take_keyword("WHERE") {
        tokens.conditions()?
    } else {
        Vec::new()
    };
    let mut group_by = Vec::new();
    let mut having = Vec::new();
    if tokens.take_keyword("GROUP") {
        tokens.keyword("BY")?;
        group_by = tokens.list(Tokens::field)?;
        if tokens.take_keyword("HAVING") {
            having = tokens.conditions()?;
        }
    }
    let order = if tokens.take_keyword("ORDER") {
        tokens.keyword("BY")?;
        tokens.list(Tokens::order)?
    } else {
        Vec::new()
    };
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
    let select = Select {
        columns: columns.grouped(&group_by),
        conditions,
        group_by,
        having,
        order,
        limit,
        offset,
    };
    check(&select)?;
    Ok(select)
}

impl Columns {
    /// Fields alone are a row for each Case, unless they are grouped.
    fn grouped(self, group_by: &[String]) -> Self {
        match self {
            Self::Fields(fields) if !group_by.is_empty() => {
                let terms = fields.into_iter().map(|field| {
                    let term = Term {
                        function: None,
                        field: field.clone(),
                    };
                    (field, term)
                });
                Self::Terms(terms.collect())
            }
            other => other,
        }
    }
}

/// Functions belong to groups, and a group has one value only of what it is grouped by.
fn check(select: &Select) -> Result<(), ApiError> {
    let order = select.order.iter().map(|order| &order.term);
    let having = select.having.iter().map(|condition| &condition.term);
    let (columns, grouped): (Vec<&Term>, bool) = match &select.columns {
        Columns::Terms(terms) => (terms.iter().map(|(_, term)| term).collect(), true),
        _ => (Vec::new(), false),
    };
    if let Some(condition) = select
        .conditions
        .iter()
        .find(|it| it.term.function.is_some())
    {
        return Err(malformed(format!(
            "aggregate functions are not allowed in WHERE: {}",
            condition.term.field
        )));
    }
    for term in columns.into_iter().chain(order).chain(having) {
        if grouped && term.function.is_none() && !select.group_by.contains(&term.field) {
            return Err(malformed(format!(
                "Field must be grouped or aggregated: {}",
                term.field
            )));
        }
        if !grouped && term.function.is_some() {
            return Err(malformed(
                "Only aggregate queries use aggregate functions in ORDER BY",
            ));
        }
    }
    Ok(())
}

/// The tokens of a query, read from the left.
struct Tokens {
    tokens: Vec<Token>,
    next: usize,
}

impl Tokens {
    /// Fields, `count()`, or fields and functions with their names; a function without one is `expr0`, `expr1`, ..
    fn columns(&mut self) -> Result<Columns, ApiError> {
        if self.take_total() {
            return Ok(Columns::Total);
        }
        let columns = self.list(|tokens| {
            let term = tokens.term()?;
            let is_named = matches!(tokens.peek(), Some(Token::Word(word)) if !word.eq_ignore_ascii_case("FROM"));
            let name = if is_named { Some(tokens.word()?) } else { None };
            Ok((name, term))
        })?;
        let plain =
            |(name, term): &(Option<String>, Term)| name.is_none() && term.function.is_none();
        if columns.iter().all(plain) {
            let fields = columns.into_iter().map(|(_, term)| term.field);
            return Ok(Columns::Fields(fields.collect()));
        }
        let mut unnamed = 0..;
        let terms = columns.into_iter().map(|(name, term)| {
            let name = name.unwrap_or_else(|| match term.function {
                None => term.field.clone(),
                Some(_) => format!("expr{}", unnamed.next().unwrap_or_default()),
            });
            (name, term)
        });
        Ok(Columns::Terms(terms.collect()))
    }

    /// `count()`, which has neither a field nor company.
    fn take_total(&mut self) -> bool {
        let start = self.next;
        let found = self.take_keyword("COUNT") && self.take_signs("()");
        if !found {
            self.next = start;
        }
        found
    }

    fn term(&mut self) -> Result<Term, ApiError> {
        let word = self.word()?;
        if !self.take(&Token::Sign('(')) {
            let field = schema::known(&word)?;
            return Ok(Term {
                function: None,
                field,
            });
        }
        let function =
            Function::named(&word).ok_or_else(|| unexpected(Some(&Token::Word(word))))?;
        let field = self.field()?;
        self.sign(')')?;
        Ok(Term {
            function: Some(function),
            field,
        })
    }

    fn field(&mut self) -> Result<String, ApiError> {
        schema::known(&self.word()?)
    }

    /// One or more, with commas between.
    fn list<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, ApiError>,
    ) -> Result<Vec<T>, ApiError> {
        let mut list = vec![one(self)?];
        while self.take(&Token::Sign(',')) {
            list.push(one(self)?);
        }
        Ok(list)
    }

    fn conditions(&mut self) -> Result<Vec<Condition>, ApiError> {
        let mut conditions = vec![self.condition()?];
        while self.take_keyword("AND") {
            conditions.push(self.condition()?);
        }
        Ok(conditions)
    }

    fn condition(&mut self) -> Result<Condition, ApiError> {
        let term = self.term()?;
        let operator = self.operator()?;
        let is_list = operator.1;
        let values = if is_list {
            self.sign('(')?;
            let values = self.list(Self::value)?;
            self.sign(')')?;
            values
        } else {
            vec![self.value()?]
        };
        Ok(Condition {
            term,
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
        let term = self.term()?;
        let descending = !self.take_keyword("ASC") && self.take_keyword("DESC");
        if self.take_keyword("NULLS") {
            self.keyword("FIRST")?;
        }
        Ok(Order { term, descending })
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
