//! Actions in messages: layouts, and every reason for which an executor says no. One behaviour per file.

mod authors;
mod cast;
mod layouts;
mod steps;
#[path = "../../examples/story/action.rs"]
mod story;
mod vectors;
