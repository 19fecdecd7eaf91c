//! The releases of llama.cpp, asked of GitHub's API and kept on disk.
//!
//! Sixty questions an hour are allowed, so each answer is kept with its ETag: asking again costs nothing while nothing
//! is new. Where the API cannot be asked, what was known before is the answer, with the problem beside it; where it
//! does not answer at all, it is given up soon (LM Studio #2428). Loads never come here.
//!
//! llama.cpp marks its builds as prereleases. `/releases/latest` is a version whose only file, `nightly-tag.txt`, names
//! the build; in older days it was the build itself; and where neither holds, the newest build in the list is meant.

mod cache;
mod error;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::release::{Release, build_number};
use cache::{Cache, Entry};
pub use error::ReleaseError;

/// Where releases are, unless the settings or `PADDOCK_RELEASES_URL` say otherwise.
const DEFAULT_BASE: &str = "https://api.github.com/repos/ggml-org/llama.cpp";
/// The repository, below the base of an API that does not name it.
const REPOSITORY: &str = "/repos/ggml-org/llama.cpp";
/// One question. An API that says nothing for this long will not.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
/// One answer takes several questions. Where one found nobody, the next ones of the same moment need not wait as long.
const STILL_UNREACHABLE: Duration = Duration::from_secs(5);
/// Enough for the newest build to be among them.
const PER_PAGE: u32 = 20;
/// An answer is a few hundred kilobytes.
const MOST_BYTES: usize = 32 << 20;
/// GitHub counts by the hour. Who asks for a longer pause is wrong, or means harm; what seems to be a longer one later
/// comes of a clock that was set back meanwhile.
const LONGEST_LIMIT_SECONDS: u64 = 3_600;

/// The base of the release API: the environment's `PADDOCK_RELEASES_URL`, else what the settings say, else GitHub's.
#[must_use]
pub fn base_url(from_settings: Option<&str>) -> String {
    std::env::var("PADDOCK_RELEASES_URL")
        .ok()
        .filter(|url| !url.trim().is_empty())
        .or_else(|| from_settings.map(str::to_owned))
        .filter(|url| !url.trim().is_empty())
        .unwrap_or_else(|| DEFAULT_BASE.to_owned())
}

/// An answer, new or kept.
#[derive(Debug, Clone)]
pub struct Known<T> {
    /// The answer.
    pub value: T,
    /// When it was last asked for with success, milliseconds since the epoch.
    pub checked_at: u64,
    /// Why it could not be asked for now.
    pub problem: Option<ReleaseError>,
}

impl<T> Known<T> {
    fn map<U>(self, map: impl FnOnce(T) -> U) -> Known<U> {
        Known {
            value: map(self.value),
            checked_at: self.checked_at,
            problem: self.problem,
        }
    }
}

/// Asks for releases.
pub struct Releases {
    client: Client,
    /// Bases to try, in order: what the user named may be the API's root or the repository in it.
    bases: Vec<String>,
    /// The one that answered.
    works: AtomicUsize,
    /// Seconds since the epoch until which GitHub wants no questions.
    limited_until: AtomicU64,
    /// The last question that found nobody.
    unreachable: Mutex<Option<(Instant, ReleaseError)>>,
    cache: Cache,
}

impl Releases {
    /// Asks the API at `base_url`, and keeps answers in `cache_folder`.
    #[must_use]
    pub fn new(client: Client, base_url: &str, cache_folder: PathBuf) -> Self {
        let base = base_url.trim().trim_end_matches('/');
        let base = base.strip_suffix("/releases").unwrap_or(base);
        let bases = if base.contains("/repos/") {
            vec![base.to_owned()]
        } else {
            vec![format!("{base}{REPOSITORY}"), base.to_owned()]
        };
        Self {
            client,
            bases,
            works: AtomicUsize::new(0),
            limited_until: AtomicU64::new(0),
            unreachable: Mutex::new(None),
            cache: Cache::new(cache_folder),
        }
    }

    /// What `latest` means now. Answers younger than `max_age` are not asked for again.
    ///
    /// # Errors
    /// It cannot be asked for, and is not known from before.
    pub async fn latest(&self, max_age: Duration) -> Result<Known<Release>, ReleaseError> {
        let latest = self.ask("/releases/latest", max_age, Release::parse).await;
        let version = match latest {
            Ok(known) => known,
            // There is none where all are prereleases.
            Err(ReleaseError::Missing { .. }) => return self.newest_listed(max_age).await,
            Err(error) => return Err(error),
        };
        if version.value.has_builds() {
            return Ok(version);
        }
        let pointer = version
            .value
            .assets
            .iter()
            .find(|asset| asset.name == "nightly-tag.txt");
        let Some(pointer) = pointer else {
            return self.newest_listed(max_age).await;
        };
        let named = self
            .ask_url(&pointer.url, max_age, |body| {
                Ok(String::from_utf8_lossy(body).trim().to_owned())
            })
            .await;
        let problem = version.problem.clone();
        let found = match named {
            Ok(tag) if build_number(&tag.value).is_some() => self.tag(&tag.value, max_age).await,
            Ok(_) | Err(ReleaseError::Missing { .. }) => self.newest_listed(max_age).await,
            Err(error) => Err(error),
        };
        found.map(|mut known| {
            known.checked_at = known.checked_at.min(version.checked_at);
            known.problem = known.problem.or(problem);
            known
        })
    }

    async fn newest_listed(&self, max_age: Duration) -> Result<Known<Release>, ReleaseError> {
        let list = self.list(max_age).await?;
        let newest = list
            .value
            .iter()
            .find(|release| release.has_builds())
            .cloned();
        match newest {
            Some(release) => Ok(list.map(|_| release)),
            None => Err(ReleaseError::NoBuilds {
                url: self.bases[0].clone(),
            }),
        }
    }

    /// The release with this tag.
    ///
    /// # Errors
    /// There is none, or it cannot be asked for and is not known from before.
    pub async fn tag(&self, tag: &str, max_age: Duration) -> Result<Known<Release>, ReleaseError> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if tag.is_empty() || !tag.chars().all(plain) {
            return Err(ReleaseError::NotFound {
                tag: tag.to_owned(),
            });
        }
        self.ask(&format!("/releases/tags/{tag}"), max_age, Release::parse)
            .await
            .map_err(|error| match error {
                ReleaseError::Missing { .. } => ReleaseError::NotFound {
                    tag: tag.to_owned(),
                },
                other => other,
            })
    }

    /// The latest releases that hold builds, newest first.
    ///
    /// # Errors
    /// They cannot be asked for, and are not known from before.
    pub async fn list(&self, max_age: Duration) -> Result<Known<Vec<Release>>, ReleaseError> {
        let path = format!("/releases?per_page={PER_PAGE}");
        let known = self.ask(&path, max_age, Release::parse_list).await?;
        Ok(known.map(|mut releases| {
            releases.retain(Release::has_builds);
            releases.sort_by_key(|release| std::cmp::Reverse(build_number(&release.tag)));
            releases
        }))
    }

    /// Asks below the base that works.
    async fn ask<T: Serialize + DeserializeOwned>(
        &self,
        path: &str,
        max_age: Duration,
        parse: impl Fn(&[u8]) -> Result<T, serde_json::Error> + Copy,
    ) -> Result<Known<T>, ReleaseError> {
        let first = self.works.load(Ordering::Relaxed);
        let mut answer = self
            .ask_url(&format!("{}{path}", self.bases[first]), max_age, parse)
            .await;
        for (index, base) in self.bases.iter().enumerate() {
            if index == first || !matches!(answer, Err(ReleaseError::Missing { .. })) {
                continue;
            }
            let second = self.ask_url(&format!("{base}{path}"), max_age, parse).await;
            if let Ok(second) = second {
                self.works.store(index, Ordering::Relaxed);
                answer = Ok(second);
            }
        }
        answer
    }

    /// The answer at an address: kept, asked for, or kept because it cannot be asked for.
    async fn ask_url<T: Serialize + DeserializeOwned>(
        &self,
        url: &str,
        max_age: Duration,
        parse: impl Fn(&[u8]) -> Result<T, serde_json::Error>,
    ) -> Result<Known<T>, ReleaseError> {
        let now = milliseconds_since_epoch();
        let kept = match self.cache.read::<T>(url) {
            Some(kept) if is_fresh(kept.checked_at, now, max_age) => {
                return Ok(known(kept, None));
            }
            kept => kept,
        };
        let etag = kept.as_ref().and_then(|kept| kept.etag.clone());
        match self.fetch(url, etag, parse).await {
            Ok(Some((value, etag))) => {
                let entry = Entry {
                    url: url.to_owned(),
                    etag,
                    checked_at: now,
                    value,
                };
                self.cache.write(&entry);
                Ok(known(entry, None))
            }
            // Nothing new.
            Ok(None) => match kept {
                Some(mut kept) => {
                    kept.checked_at = now;
                    self.cache.write(&kept);
                    Ok(known(kept, None))
                }
                None => Err(ReleaseError::Malformed {
                    url: url.to_owned(),
                    reason: "it says that nothing changed, and nothing was known".to_owned(),
                }),
            },
            Err(error @ ReleaseError::Missing { .. }) => Err(error),
            Err(error) => match kept {
                Some(kept) => Ok(known(kept, Some(error))),
                None => Err(error),
            },
        }
    }

    fn unreachable_a_moment_ago(&self) -> Option<ReleaseError> {
        let last = self
            .unreachable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (at, error) = last.as_ref()?;
        (at.elapsed() < STILL_UNREACHABLE).then(|| error.clone())
    }

    /// Asks. `None` where nothing is new since `etag`.
    async fn fetch<T>(
        &self,
        url: &str,
        etag: Option<String>,
        parse: impl Fn(&[u8]) -> Result<T, serde_json::Error>,
    ) -> Result<Option<(T, Option<String>)>, ReleaseError> {
        let until = self.limited_until.load(Ordering::Relaxed);
        if is_limited(until, seconds_since_epoch()) {
            return Err(ReleaseError::RateLimited {
                until_seconds: until,
            });
        }
        if let Some(error) = self.unreachable_a_moment_ago() {
            return Err(error);
        }
        let offline = |error: reqwest::Error| {
            let error = ReleaseError::offline(url, &error);
            *self
                .unreachable
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), error.clone()));
            error
        };
        let mut request = self
            .client
            .get(url)
            .header(
                header::ACCEPT,
                "application/vnd.github+json, text/plain, */*",
            )
            .timeout(QUESTION_TIMEOUT);
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let response = request.send().await.map_err(offline)?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        if status == StatusCode::NOT_FOUND {
            return Err(ReleaseError::Missing {
                url: url.to_owned(),
            });
        }
        if let Some(until_seconds) = rate_limit_end(status, response.headers()) {
            self.limited_until.store(until_seconds, Ordering::Relaxed);
            return Err(ReleaseError::RateLimited { until_seconds });
        }
        if !status.is_success() {
            return Err(ReleaseError::Status {
                url: url.to_owned(),
                status: status.as_u16(),
            });
        }
        let etag = response
            .headers()
            .get(header::ETAG)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let malformed = |reason: String| ReleaseError::Malformed {
            url: url.to_owned(),
            reason,
        };
        let body = whole(response).await.map_err(|error| match error {
            Unread::Broken(error) => offline(error),
            Unread::TooLong => malformed("the answer is too long".to_owned()),
        })?;
        let value = parse(&body).map_err(|error| malformed(error.to_string()))?;
        Ok(Some((value, etag)))
    }
}

enum Unread {
    Broken(reqwest::Error),
    TooLong,
}

/// A body, if it has an end within [`MOST_BYTES`]: not all say beforehand how long they are.
async fn whole(mut response: Response) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn known<T>(entry: Entry<T>, problem: Option<ReleaseError>) -> Known<T> {
    Known {
        value: entry.value,
        checked_at: entry.checked_at,
        problem,
    }
}

/// When GitHub answers again, in seconds since the epoch and never in more than an hour; `None` where it is not a matter
/// of too many questions.
#[must_use]
pub fn rate_limit_end(status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    let number = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse::<u64>().ok())
    };
    let limited = match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => {
            number("x-ratelimit-remaining") == Some(0) || number("retry-after").is_some()
        }
        _ => false,
    };
    let now = seconds_since_epoch();
    let after = number("retry-after").map(|seconds| now.saturating_add(seconds));
    limited.then(|| {
        after
            .or_else(|| number("x-ratelimit-reset"))
            .unwrap_or(now + 60)
            .min(now + LONGEST_LIMIT_SECONDS)
    })
}

/// Whether an answer of then is new enough now. One from the future is not: the clock was wrong then, or is now, and
/// nobody knows how old it is.
fn is_fresh(checked_at: u64, now: u64, max_age: Duration) -> bool {
    now.checked_sub(checked_at)
        .is_some_and(|age| age < as_milliseconds(max_age))
}

/// Whether GitHub wants no questions now.
fn is_limited(until_seconds: u64, now_seconds: u64) -> bool {
    (1..=LONGEST_LIMIT_SECONDS).contains(&until_seconds.saturating_sub(now_seconds))
}

fn as_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn milliseconds_since_epoch() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, as_milliseconds)
}

fn seconds_since_epoch() -> u64 {
    milliseconds_since_epoch() / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that ran ahead for a day must not hide a year of releases, nor keep a ban of an hour for a year.
    #[test]
    fn a_clock_that_was_set_back_neither_keeps_answers_nor_bans() {
        let (day, year) = (86_400_000, 31_536_000_000);
        let max_age = Duration::from_millis(day);
        assert!(is_fresh(year, year, max_age));
        assert!(is_fresh(year, year + day - 1, max_age));
        assert!(!is_fresh(year, year + day, max_age));
        assert!(!is_fresh(2 * year, year, max_age), "from the future");

        assert!(!is_limited(0, 1_000));
        assert!(!is_limited(1_000, 1_000));
        assert!(is_limited(4_600, 1_000));
        assert!(!is_limited(4_601, 1_000), "longer than GitHub's limits are");
    }

    #[test]
    fn a_limit_ends_within_an_hour_whatever_is_said() {
        let end = |name: &'static str, value: &str| {
            let headers = HeaderMap::from_iter([(
                header::HeaderName::from_static(name),
                value.parse().unwrap(),
            )]);
            rate_limit_end(StatusCode::TOO_MANY_REQUESTS, &headers).unwrap()
        };
        let now = seconds_since_epoch();
        let near = |seconds: u64, after: u64| (now + after..=now + after + 5).contains(&seconds);
        assert!(near(end("retry-after", "30"), 30));
        assert!(near(end("x-other", "1"), 60));
        let forever = u64::MAX.to_string();
        assert!(near(end("retry-after", &forever), LONGEST_LIMIT_SECONDS));
        assert!(near(
            end("x-ratelimit-reset", &forever),
            LONGEST_LIMIT_SECONDS
        ));
        assert_eq!(
            rate_limit_end(StatusCode::FORBIDDEN, &HeaderMap::new()),
            None
        );
    }

    /// A server that says no length may send without end.
    #[tokio::test]
    async fn an_answer_without_end_is_not_read_to_it() {
        let endless = |pieces: usize| {
            let pieces = (0..pieces).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
            let stream = futures_util::stream::iter(pieces);
            Response::from(http::Response::new(reqwest::Body::wrap_stream(stream)))
        };
        assert!(matches!(whole(endless(40)).await, Err(Unread::TooLong)));
        assert_eq!(whole(endless(2)).await.ok().unwrap().len(), 2 << 20);
    }

    #[test]
    fn the_base_may_be_the_apis_root_the_repository_or_its_releases() {
        let bases = |url: &str| {
            let client = http_client::loopback().build().unwrap();
            Releases::new(client, url, PathBuf::new()).bases
        };
        let root = "https://ghe.example/api/v3";
        assert_eq!(
            bases(root),
            [format!("{root}/repos/ggml-org/llama.cpp"), root.to_owned()]
        );
        assert_eq!(
            bases("http://127.0.0.1:1/").last().unwrap(),
            "http://127.0.0.1:1"
        );
        assert_eq!(
            bases("http://h/repos/me/fork/releases/"),
            ["http://h/repos/me/fork"]
        );
        assert_eq!(bases(DEFAULT_BASE), [DEFAULT_BASE]);
    }
}
