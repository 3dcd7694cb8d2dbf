//! The generated types, one module per contract.
//!
//! `#[sol(ignore_unlinked)]`: code with library places is linked in [`crate::deployment`], never taken from here.

use alloy_sol_types::sol;

sol!(
    #[sol(all_derives, ignore_unlinked)]
    EligibilityRegistry,
    "../artifacts/EligibilityRegistry.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    ICommittee,
    "../artifacts/ICommittee.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    IModuleAccount,
    "../artifacts/IModuleAccount.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    ISafe,
    "../artifacts/ISafe.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    MinimalAccount,
    "../artifacts/MinimalAccount.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    MldsaEip8355,
    "../artifacts/MldsaEip8355.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    MldsaErc7913,
    "../artifacts/MldsaErc7913.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    ParsToken,
    "../artifacts/ParsToken.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    RecordingConsent,
    "../artifacts/RecordingConsent.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    ServiceNodeRegistry,
    "../artifacts/ServiceNodeRegistry.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    SessionTrigger,
    "../artifacts/SessionTrigger.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    TownHall,
    "../artifacts/TownHall.json"
);
sol!(
    #[sol(all_derives, ignore_unlinked)]
    VotingEscrow,
    "../artifacts/VotingEscrow.json"
);
