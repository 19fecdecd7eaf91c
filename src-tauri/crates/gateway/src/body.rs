//! Reading a request's body, within limits: the engine gets it whole, and it can be sent again if the engine dies.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

use crate::api_error::ApiError;
use crate::bodies::Bodies;

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
pub(crate) async fn read<B>(mut body: B, most: u64, bodies: &Bodies) -> Result<Bytes, ApiError>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    let announced = body.size_hint().lower();
    if announced > most {
        discard(body);
        return Err(too_long(most));
    }
    let mut share = bodies.begin();
    if !share.would_fit(announced) {
        discard(body);
        return Err(too_much());
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
            discard(body);
            return Err(too_long(most));
        }
        if !share.grow(data.len() as u64) {
            discard(body);
            return Err(too_much());
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
    Ok(share.keep(if all.is_empty() { first } else { all.freeze() }))
}

fn too_slow() -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        "request_timeout",
        "the request's body came too slowly",
    )
}

fn too_long(most: u64) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "request_too_large",
        format!(
            "a request may have {} MiB and this one has more",
            most >> 20
        ),
    )
}

/// The others hold what there is.
fn too_much() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too_many_bytes",
        "the requests that are being answered hold as much as they may together; try again in a moment",
    )
}

/// Lets a client that is still sending come to the refusal.
fn discard<B>(mut body: B)
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
{
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
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    const KIB: usize = 1 << 10;

    fn whole(length: usize) -> Full<Bytes> {
        Full::new(Bytes::from(vec![7; length]))
    }

    /// A body that announces nothing and comes in pieces.
    fn pieces(
        count: usize,
        length: usize,
    ) -> impl http_body::Body<Data = Bytes, Error = Infallible> + Send + Unpin {
        let piece = Bytes::from(vec![7; length]);
        let frames = (0..count).map(move |_| Ok(Frame::data(piece.clone())));
        StreamBody::new(futures_util::stream::iter(frames))
    }

    /// A thousand requests may wait for one model, each with pictures: the machine's memory is not for them to fill.
    #[tokio::test]
    async fn bodies_that_are_held_leave_room_for_small_ones_and_come_back() {
        let bodies = Bodies::of(256 * KIB as u64);
        let most = 1 << 20;
        let code = async |length| match read(whole(length), most, &bodies).await {
            Ok(body) => Ok(body),
            Err(error) => Err((error.status.as_u16(), error.code, error.retry_after)),
        };
        let full = (503, "too_many_bytes".to_owned(), Some(1));
        let first = code(256 * KIB).await.unwrap();
        assert_eq!(code(256 * KIB).await.unwrap_err(), full);
        let streamed = read(pieces(4, 64 * KIB), most, &bodies).await;
        assert_eq!(streamed.unwrap_err().code, full.1);
        assert_eq!(code(64 * KIB).await.unwrap().len(), 64 * KIB);
        // As long as anybody has the bytes: a request is sent again where its engine dies.
        let clone = first.clone();
        drop(first);
        assert_eq!(code(256 * KIB).await.unwrap_err(), full);
        assert_eq!(clone.len(), 256 * KIB);
        drop(clone);
        let streamed = read(pieces(4, 64 * KIB), most, &bodies).await.unwrap();
        assert_eq!(streamed, vec![7; 256 * KIB]);
        drop(streamed);
        assert_eq!(code(256 * KIB).await.unwrap().len(), 256 * KIB);
        assert_eq!(
            code(2 << 20).await.unwrap_err(),
            (413, "request_too_large".to_owned(), None)
        );
    }
}
