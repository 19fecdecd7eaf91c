//! All models in one word, for what has room for no more: an icon.

use serde::Serialize;
use supervisor::ServerState;

use crate::status::ModelStatus;

/// What the models are at, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Overall {
    /// None is loaded.
    Stopped,
    /// One at least is on its way, in or out.
    Busy,
    /// One at least answers, and none has failed.
    Ready,
    /// One at least has failed, and was not put away.
    Failed,
}

impl Overall {
    /// Of these models. What is under way comes before what has failed: it is what the user waits for.
    #[must_use]
    pub fn of(models: &[ModelStatus]) -> Self {
        Self::of_states(models.iter().map(|model| model.server.state))
    }

    fn of_states(states: impl Iterator<Item = ServerState>) -> Self {
        states
            .map(|state| match state {
                ServerState::Stopped => Self::Stopped,
                ServerState::Ready => Self::Ready,
                ServerState::Failed => Self::Failed,
                ServerState::Starting | ServerState::Stopping => Self::Busy,
            })
            .max_by_key(|overall| match overall {
                Self::Stopped => 0,
                Self::Ready => 1,
                Self::Failed => 2,
                Self::Busy => 3,
            })
            .unwrap_or(Self::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_that_matters_most_is_shown() {
        use ServerState::{Failed, Ready, Starting, Stopped, Stopping};
        let cases: [(&[ServerState], Overall); 7] = [
            (&[], Overall::Stopped),
            (&[Stopped], Overall::Stopped),
            (&[Ready, Stopped], Overall::Ready),
            (&[Ready, Failed], Overall::Failed),
            (&[Failed, Starting, Ready], Overall::Busy),
            (&[Stopping], Overall::Busy),
            (&[Failed], Overall::Failed),
        ];
        for (states, expected) in cases {
            let overall = Overall::of_states(states.iter().copied());
            assert_eq!(overall, expected, "{states:?}");
        }
    }
}
