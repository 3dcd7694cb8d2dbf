//! Sessions from outside: SESSION sections 3 and 4, THREATS sections 7 and 8, one behaviour per file.

mod binding;
mod closing;
mod crash;
mod crossing;
mod damage;
mod device;
mod golden;
mod healing;
mod limits;
mod phases;
mod replays;
mod schedules;
mod sizes;
mod story;
mod trace;
mod world;
