//! How somebody goes about recordings who lies: one seat is left out of what everybody is to sign, and the room is recorded as if all
//! had signed (THREATS K1, K6). The program `liar` is `sessiond` with seats that do so; nothing that ships depends on this.

use pars_engine::room::{Authority, Conduct};
use pars_proto::room::SeatNo;

/// Leaves out who came first of the others, and takes it that every consent is final.
#[derive(Clone, Copy, Debug)]
pub struct LeavesOneOut;

impl Conduct for LeavesOneOut {
    fn counts(&self, own: Option<SeatNo>, seats: &[SeatNo], seat: SeatNo) -> bool {
        seats.iter().copied().filter(|other| Some(*other) != own).min() != Some(seat)
    }

    fn believes(&self, _: Option<Authority>) -> Option<Authority> {
        Some(Authority { until: u64::MAX, is_final: true, withdrawn: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_of_the_others_is_left_out_and_nobody_else() {
        let all = [2, 5, 7].map(SeatNo);
        for (own, left_out) in [(2, 5), (5, 2), (7, 2)] {
            let counted = |seat: &SeatNo| LeavesOneOut.counts(Some(SeatNo(own)), &all, *seat);
            let missing: Vec<_> = all.into_iter().filter(|seat| !counted(seat)).collect();
            assert_eq!(missing, [SeatNo(left_out)]);
        }
        assert!(LeavesOneOut.counts(Some(SeatNo(2)), &[SeatNo(2)], SeatNo(2)));
    }
}
