//! The model hub as this user has it: its address, and the token that is theirs.
//!
//! Where the token is kept is `hub_token`'s. Desktop, headless host and CLI read it the same way.

use hub::{Hub, HubSettings, TokenSource};
use serde::Serialize;

use crate::core::Core;
use crate::error::Error;
use crate::hub_token::TokenKept;

/// The hub, as doors show it. Never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HubView {
    /// Its address.
    pub endpoint: String,
    /// There is a token.
    pub token_set: bool,
    /// Where it is from.
    pub token_source: Option<TokenSource>,
    /// Where it is kept, if it was set in Paddock.
    pub token_kept: Option<TokenKept>,
}

impl Core {
    /// The hub: its address from the settings, `HF_ENDPOINT`, or the well-known one.
    ///
    /// # Errors
    /// The address is none.
    pub fn hub(&self) -> Result<Hub, Error> {
        let token = self.hub_token().map(|(token, _)| token);
        let settings = HubSettings {
            endpoint: self.hub_endpoint(),
            token,
        };
        Ok(Hub::new(self.http(), settings)?)
    }

    /// What is set.
    #[must_use]
    pub fn hub_settings(&self) -> HubView {
        let source = self.hub_token().map(|(_, source)| source);
        HubView {
            endpoint: self.hub_endpoint(),
            token_set: source.is_some(),
            token_source: source,
            token_kept: self.kept_hub_token().map(|(_, kept)| kept),
        }
    }

    /// Keeps a token, or forgets the one that is kept; then `HF_TOKEN` or the hub's own file count again. It may wait
    /// for the keychain, two seconds at most.
    ///
    /// # Errors
    /// The text is no token, or it cannot be written.
    pub fn set_hub_token(&self, token: Option<&str>) -> Result<HubView, Error> {
        self.keep_hub_token(token)?;
        Ok(self.hub_settings())
    }

    /// Sets another address for the hub, or none. One that is no address is refused before anything is kept.
    ///
    /// # Errors
    /// The text is no address, or the settings cannot be saved.
    pub fn set_hub_endpoint(&self, endpoint: Option<&str>) -> Result<(), Error> {
        let endpoint = endpoint
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned);
        if let Some(endpoint) = &endpoint {
            let settings = HubSettings {
                endpoint: endpoint.clone(),
                token: None,
            };
            Hub::new(self.http(), settings)?;
        }
        self.update_settings(|settings| settings.hub.endpoint = endpoint)
    }

    fn hub_endpoint(&self) -> String {
        let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let set = self.settings().hub.endpoint.clone().and_then(given);
        set.or_else(|| variable("HF_ENDPOINT").and_then(given))
            .unwrap_or_else(|| hub::DEFAULT_ENDPOINT.to_owned())
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
