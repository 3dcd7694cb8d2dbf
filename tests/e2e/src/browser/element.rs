//! What is looked for on a page: a test id and attributes, as clients/web/README.md lists them, within another.

/// One element, or the first of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element(String);

impl Element {
    /// With a test id.
    pub fn id(id: &str) -> Self {
        Self(format!("[data-testid=\"{id}\"]"))
    }

    /// Of these, with the value of an attribute (without `data-`).
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        Self(format!("{}[data-{name}=\"{value}\"]", self.0))
    }

    /// Of these, with another value of an attribute (without `data-`), or none.
    #[must_use]
    pub fn without(self, name: &str, value: &str) -> Self {
        Self(format!("{}:not([data-{name}=\"{value}\"])", self.0))
    }

    /// Of these, one that takes presses.
    #[must_use]
    pub fn enabled(self) -> Self {
        Self(format!("{}:enabled", self.0))
    }

    /// Within this one: another.
    #[must_use]
    pub fn inner(self, other: &Self) -> Self {
        Self(format!("{} {}", self.0, other.0))
    }

    /// This one or another, whichever is there.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self(format!("{}, {}", self.0, other.0))
    }

    /// As a selector of CSS.
    pub fn selector(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_selectors() {
        let row = Element::id("room-row").with("room", "0xab").inner(&Element::id("enter-room"));
        assert_eq!(row.selector(), r#"[data-testid="room-row"][data-room="0xab"] [data-testid="enter-room"]"#);
        assert_eq!(Element::id("a").enabled().selector(), r#"[data-testid="a"]:enabled"#);
        assert_eq!(Element::id("a").without("b", "c").selector(), r#"[data-testid="a"]:not([data-b="c"])"#);
        assert_eq!(Element::id("a").or(&Element::id("b")).selector(), r#"[data-testid="a"], [data-testid="b"]"#);
    }
}
