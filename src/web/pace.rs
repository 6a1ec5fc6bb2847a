//! How slowly something may be sent: a silence is ended, and so is a byte now and then.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout};

use crate::domain::limit;

/// Ends what is sent too slowly.
pub(super) async fn pace(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    next.run(Request::from_parts(head, Body::from_stream(paced(body.into_data_stream())))).await
}

/// The same parts, as long as enough of them comes in each [`limit::BODY_SILENT_MAX`] that is spent waiting for them.
fn paced(parts: impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin) -> impl Stream<Item = Sent> + Send {
    let begun = Some((parts, limit::BODY_SILENT_MAX, 0));
    futures::stream::unfold(begun, async |state| {
        let (mut parts, patience, had) = state?;
        // What is done with the parts between takes its own time, which is not the sender's.
        let asked = Instant::now();
        match timeout(patience, parts.next()).await {
            Err(_) => Some((Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut))), None)),
            Ok(None) => None,
            Ok(Some(part)) => {
                let had = had + part.as_ref().map_or(0, Bytes::len);
                let left = patience.saturating_sub(asked.elapsed());
                let (patience, had) =
                    if had >= limit::BODY_BYTES_MIN { (limit::BODY_SILENT_MAX, 0) } else { (left, had) };
                Some((part, Some((parts, patience, had))))
            }
        }
    })
}

type Sent = Result<Bytes, axum::Error>;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many parts come through, and after how long the last did or the sender was given up.
    async fn taken(parts: usize, bytes: usize, every: Duration) -> (usize, Duration) {
        let began = Instant::now();
        let sent = futures::stream::iter(0..parts).then(move |_| async move {
            tokio::time::sleep(every).await;
            Ok(Bytes::from(vec![0; bytes]))
        });
        let came: Vec<Sent> = paced(Box::pin(sent)).collect().await;
        (came.iter().filter(|part| part.is_ok()).count(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_is_no_upload() {
        let second = Duration::from_secs(1);
        let (came, took) = taken(1_000, 1, second).await;
        assert!(came <= 20 && took <= limit::BODY_SILENT_MAX, "{came} {took:?}");
        // A silence is ended, whatever came before.
        assert_eq!(taken(1, limit::BODY_BYTES_MIN, 21 * second).await, (0, limit::BODY_SILENT_MAX));
        // A slow line is not.
        assert_eq!(taken(100, limit::BODY_BYTES_MIN, 19 * second).await.0, 100);
        // What is done at once need not be much.
        assert_eq!(taken(3, 1, second).await.0, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_slowly_is_no_slow_sender() {
        let sent = futures::stream::iter((0..100).map(|_| Ok(Bytes::from_static(b"x"))));
        let mut came = Box::pin(paced(sent));
        for _ in 0..100 {
            assert!(came.next().await.unwrap().is_ok());
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        assert!(came.next().await.is_none());
    }
}
