//! How the types of rooms and recordings are declared: each states its serialisation once.

/// A word out of a list.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $each:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[doc = $each])+ #[serde(rename = $word)] $variant,)+
        }
    };
}

/// Parameters: an unknown field is refused.
macro_rules! params {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $each:literal])+ $(#[serde($($serde:tt)+)])? $field:ident: $type:ty,)* }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[doc = $each])+ $(#[serde($($serde)+)])? pub $field: $type,)*
        }
    };
}

/// What is answered or told: a newer daemon may add fields.
macro_rules! answer {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $each:literal])+ $(#[serde($($serde:tt)+)])? $field:ident: $type:ty,)* }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[doc = $each])+ $(#[serde($($serde)+)])? pub $field: $type,)*
        }
    };
}

pub(crate) use {answer, params, words};
