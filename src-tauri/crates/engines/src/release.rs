//! A release, as far as it is of interest here.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;

/// A release of llama.cpp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// `b10434`.
    pub tag: String,
    /// RFC 3339.
    pub published_at: Option<String>,
    /// Its page.
    pub page_url: Option<String>,
    /// Its files.
    pub assets: Vec<Asset>,
}

/// GitHub's own shape.
#[derive(Deserialize)]
struct Wire {
    tag_name: String,
    published_at: Option<String>,
    html_url: Option<String>,
    #[serde(default)]
    assets: Vec<WireAsset>,
}

#[derive(Deserialize)]
struct WireAsset {
    name: String,
    browser_download_url: String,
    #[serde(default)]
    size: u64,
    digest: Option<String>,
    /// `uploaded`, or `starter` and `open` while it is not.
    state: Option<String>,
}

/// No file of a release is longer: one that says so is wrong, or means harm.
const MOST_FILE_BYTES: u64 = 1 << 40;
/// Longer names of releases and files are nobody's.
const LONGEST_NAME: usize = 100;

/// Whether a name that a release server says can be a file's name, on every system and in no other folder. Folders are
/// called by it and removed under it.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.starts_with('.')
        && name.chars().all(plain)
}

impl From<Wire> for Release {
    fn from(wire: Wire) -> Self {
        let assets = wire
            .assets
            .into_iter()
            .filter(|asset| {
                asset.size <= MOST_FILE_BYTES
                    && asset
                        .state
                        .as_deref()
                        .is_none_or(|state| state == "uploaded")
            })
            .map(|asset| Asset {
                sha256: asset.digest.as_deref().and_then(sha256_of),
                name: asset.name,
                url: asset.browser_download_url,
                size_bytes: asset.size,
            })
            .collect();
        Self {
            tag: wire.tag_name,
            published_at: wire.published_at,
            page_url: wire.html_url,
            assets,
        }
    }
}

/// `sha256:…` in lower case; what is no SHA-256 is none.
fn sha256_of(digest: &str) -> Option<String> {
    let hex = digest.strip_prefix("sha256:")?.to_lowercase();
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then_some(hex)
}

impl Release {
    /// Reads one release.
    ///
    /// # Errors
    /// What is not as expected; the release's name cannot be a folder's.
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        let wire = serde_json::from_slice::<Wire>(body)?;
        if !is_plain_name(&wire.tag_name) {
            return Err(serde::de::Error::custom(format!(
                "{:?} is no release's name",
                wire.tag_name
            )));
        }
        Ok(wire.into())
    }

    /// Reads a list of releases, those whose name cannot be a folder's left out.
    ///
    /// # Errors
    /// What is not as expected.
    pub fn parse_list(body: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let list = serde_json::from_slice::<Vec<Wire>>(body)?;
        let sound = list
            .into_iter()
            .filter(|wire| is_plain_name(&wire.tag_name));
        Ok(sound.map(Into::into).collect())
    }

    /// Whether it holds builds of the server.
    #[must_use]
    pub fn has_builds(&self) -> bool {
        self.assets.iter().any(|asset| {
            crate::asset::parse(&asset.name).is_some_and(|parsed| !parsed.is_cuda_runtime)
        })
    }
}

/// The number in `b10434`; `None` for other tags.
#[must_use]
pub fn build_number(tag: &str) -> Option<u32> {
    tag.strip_prefix('b')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn githubs_shape_is_read() {
        let digest = "ab".repeat(32);
        let body = format!(
            r#"{{"tag_name":"b1","prerelease":true,"html_url":"https://x/b1","published_at":"2026-09-09T22:14:05Z","assets":[
                {{"name":"llama-b1-bin-ubuntu-x64.tar.gz","browser_download_url":"https://x/f","size":7,"digest":"sha256:{digest}","state":"uploaded"}},
                {{"name":"half","browser_download_url":"https://x/h","size":7,"digest":null,"state":"starter"}},
                {{"name":"other","browser_download_url":"https://x/o","size":0,"digest":"md5:00"}}]}}"#
        );
        let release = Release::parse(body.as_bytes()).unwrap();
        assert_eq!(release.tag, "b1");
        assert_eq!(
            release.assets.len(),
            2,
            "what is not uploaded yet is not there"
        );
        assert_eq!(release.assets[0].sha256.as_deref(), Some(digest.as_str()));
        assert_eq!(release.assets[1].sha256, None);
        assert!(release.has_builds());
        assert!(Release::parse(b"<html>").is_err());
    }

    /// Sizes are added up.
    #[test]
    fn a_file_without_end_is_none() {
        let asset = |size: u64| serde_json::json!({"name": "llama-b1-bin-win-cuda-12.4-x64.zip", "browser_download_url": "https://x/f", "size": size});
        let body = serde_json::json!({"tag_name": "b1", "assets": [asset(u64::MAX), asset(7)]});
        let release = Release::parse(body.to_string().as_bytes()).unwrap();
        let sizes: Vec<u64> = release
            .assets
            .iter()
            .map(|asset| asset.size_bytes)
            .collect();
        assert_eq!(sizes, [7]);
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        let body = |tag: &str| serde_json::json!({"tag_name": tag}).to_string();
        let long = "b".repeat(LONGEST_NAME + 1);
        for tag in [
            "..", ".", "", "/etc", "../../x", "a\\b", "C:x", ".hidden", "b1 ", &long,
        ] {
            assert!(Release::parse(body(tag).as_bytes()).is_err(), "{tag}");
            let list = format!("[{},{}]", body(tag), body("b1"));
            let list = Release::parse_list(list.as_bytes()).unwrap();
            assert_eq!(list.len(), 1, "{tag}: the others are still there");
        }
        assert!(Release::parse(body("v1.2.3-rc_1").as_bytes()).is_ok());
    }

    #[test]
    fn a_tag_has_a_number() {
        assert_eq!(build_number("b10434"), Some(10_434));
        assert_eq!(build_number("v1.2.3"), None);
        assert_eq!(build_number("b"), None);
    }
}
