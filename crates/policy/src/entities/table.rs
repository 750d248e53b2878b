use std::fmt;
use std::str::FromStr;

/// The name of a table that the application made: `item`, or `shop.item`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    schema: Option<String>,
    table: String,
}

/// Not a table's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a table, or schema.table, of letters, digits and `_`, no digit first")]
pub struct TableNameError;

impl TableName {
    /// The schema, where one is named.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The table without its schema.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// As it stands in a statement of SQL.
    #[must_use]
    pub fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("\"{schema}\".\"{}\"", self.table),
            None => format!("\"{}\"", self.table),
        }
    }
}

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(text: &str) -> Result<Self, TableNameError> {
        let (schema, table) = match text.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, text),
        };
        match is_name(table) && schema.is_none_or(is_name) {
            true => Ok(Self {
                schema: schema.map(str::to_owned),
                table: table.to_owned(),
            }),
            false => Err(TableNameError),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.table),
            None => f.write_str(&self.table),
        }
    }
}

/// What ends no quotes.
fn is_name(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    !text.is_empty() && text.bytes().all(word) && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_letters_digits_and_underscores() {
        for (good, quoted) in [
            ("item", "\"item\""),
            ("_Item2", "\"_Item2\""),
            ("shop.item", "\"shop\".\"item\""),
        ] {
            let name: TableName = good.parse().unwrap();
            assert_eq!(
                (name.to_string().as_str(), name.quoted().as_str()),
                (good, quoted)
            );
        }
        for bad in [
            "", ".", "a.", ".a", "a.b.c", "1a", "a.1b", "a-b", "a b", "a\"b", "a;b", "a\0", "ä",
        ] {
            assert_eq!(bad.parse::<TableName>(), Err(TableNameError), "{bad}");
        }
    }
}
