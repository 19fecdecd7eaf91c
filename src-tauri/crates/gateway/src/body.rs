//! Reading a request's body, within limits: the engine gets it whole, and it can be sent again if the engine dies.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use crate::api_error::ApiError;

/// Pictures and sound come in bodies; nothing sensible is larger.
pub(crate) const MOST_BYTES: u64 = 256 << 20;
/// A client that sends nothing for so long is not sending.
const SILENCE: Duration = Duration::from_secs(30);
/// After this a client must have sent [`LEAST_RATE`] on average.
const GRACE: Duration = Duration::from_secs(60);
const LEAST_RATE: u64 = 4 << 10;
/// What is reserved on a client's word.
const RESERVED: usize = 1 << 20;
/// How long, and how much, is read and thrown away so that a client which is still sending sees the refusal.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 32 << 20;

/// Reads all of it.
///
/// # Errors
/// Too long, too slow, or broken off.
pub(crate) async fn read(mut body: Incoming, most: u64) -> Result<Bytes, ApiError> {
    let announced = body.size_hint().lower();
    if announced > most {
        return Err(too_long(body, most));
    }
    let begin = Instant::now();
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    loop {
        if body.is_end_stream() {
            break;
        }
        let frame = match timeout(SILENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                let message = format!("the request broke off: {error}");
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "bad_request",
                    message,
                ));
            }
            Err(_) => return Err(too_slow()),
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = (first.len() + all.len() + data.len()) as u64;
        if length > most {
            return Err(too_long(body, most));
        }
        if begin.elapsed() > GRACE && length < begin.elapsed().as_secs() * LEAST_RATE {
            return Err(too_slow());
        }
        // Most bodies come in one piece, which is passed on as it is.
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            let announced = usize::try_from(announced).unwrap_or(RESERVED);
            all.reserve(announced.min(RESERVED).max(first.len() + data.len()));
            all.extend_from_slice(&first);
            first = Bytes::new();
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn too_slow() -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        "request_timeout",
        "the request's body came too slowly",
    )
}

fn too_long(mut body: Incoming, most: u64) -> ApiError {
    tokio::spawn(async move {
        let discard = async {
            let mut discarded = 0;
            while let Some(Ok(frame)) = body.frame().await {
                discarded += frame.data_ref().map_or(0, Bytes::len) as u64;
                if discarded > LINGER_BYTES {
                    return;
                }
            }
        };
        let _ = timeout(LINGER, discard).await;
    });
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "request_too_large",
        format!(
            "a request may have {} MiB and this one has more",
            most >> 20
        ),
    )
}
