//! How long a call may take until it is answered, or its answer begins. An upload has no limit as a whole: whoever
//! takes it ends it when its sender pauses.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tokio::time::timeout;
use tonic::body::Body;
use tower::{Layer, Service};
use volbridge_proto::Code;

use super::status;

/// The only calls whose request is long.
const UPLOADS: [&str; 2] = ["/volbridge.node.v1.Blobs/Store", "/volbridge.node.v1.Imports/Upload"];

/// Ends calls that take longer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(pub(super) Duration);

impl<S> Layer<S> for Patience {
    type Service = Patient<S>;

    fn layer(&self, inner: S) -> Patient<S> {
        Patient { inner, limit: self.0 }
    }
}

/// A service whose calls end in time.
#[derive(Clone, Debug)]
pub(super) struct Patient<S> {
    inner: S,
    limit: Duration,
}

impl<S, B> Service<Request<B>> for Patient<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_upload = UPLOADS.contains(&request.uri().path());
        let (call, limit) = (self.inner.call(request), self.limit);
        Box::pin(async move {
            if is_upload {
                return call.await;
            }
            let late = || Ok(status(Code::DeadlineExceeded.into()).into_http());
            timeout(limit, call).await.unwrap_or_else(|_| late())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::{ServiceExt as _, service_fn};
    use volbridge_proto::wire::node::v1::{blobs_server::BlobsServer, imports_server::ImportsServer};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(2);

    /// The gRPC status of a call that takes longer than there is patience.
    async fn slow_call(path: &str) -> Option<String> {
        let slow = service_fn(|_: Request<()>| async {
            tokio::time::interval_at(tokio::time::Instant::now() + 50 * LIMIT, LIMIT).tick().await;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let request = Request::builder().uri(path).body(()).unwrap();
        let answer = Patience(LIMIT).layer(slow).oneshot(request).await.unwrap();
        answer.headers().get("grpc-status").map(|status| status.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn t21_a_call_ends_in_time_and_an_upload_may_take_longer() {
        let deadline = Code::DeadlineExceeded.grpc().to_string();
        assert_eq!(slow_call("/volbridge.node.v1.Listings/List").await, Some(deadline));
        for upload in UPLOADS {
            assert_eq!(slow_call(upload).await, None);
        }
        let blobs = <BlobsServer<super::super::Api> as tonic::server::NamedService>::NAME;
        let imports = <ImportsServer<super::super::Api> as tonic::server::NamedService>::NAME;
        assert_eq!(UPLOADS, [format!("/{blobs}/Store"), format!("/{imports}/Upload")]);
    }
}
