//! The HTTP/1.1 server: connections, access protection, and the way from a request to an answer.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use emu_proto::InvalidRequest;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::body::{BodyLength, PacedBody};
use crate::device::Device;
use crate::fault::{Instead, Treatment};
use crate::firmware::Updates;
use crate::pages;
use crate::wire::{Gate, Wire};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) device: Mutex<Device>,
    pub(crate) options: Options,
    pub(crate) updates: Arc<Updates>,
}

/// What does not change while the server runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// What `Authorization` must say, if the meter is protected.
    pub(crate) authorization: Option<String>,
    pub(crate) body_length: BodyLength,
    /// Whether one connection is served at a time, and closed after its answer.
    pub(crate) one_at_a_time: bool,
}

/// How many connections are served at once; more wait.
const MAX_CONNECTIONS: usize = 256;

/// How long a connection may stay without a request.
const IDLE: Duration = Duration::from_secs(60);

impl Shared {
    fn home(&self) -> String {
        pages::home(self.updates.with(|state| state.module.version()))
    }

    /// Runs `work` on the device.
    pub(crate) fn with_device<T>(&self, work: impl FnOnce(&mut Device) -> T) -> T {
        work(&mut self.device.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Options {
    /// Returns what `Authorization` says for this user and password.
    pub(crate) fn basic(user: &str, password: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
    }
}

/// Takes connections for ever. Dropping the future drops them all.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely; there will be some again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let connection = connection(stream, Arc::clone(&shared));
        if shared.options.one_at_a_time {
            connection.await;
        } else {
            connections.spawn(connection);
        }
    }
}

/// Serves one connection until it is closed, by either side or by a fault.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Without this, small pieces would be put together into larger segments.
    let _: std::io::Result<()> = stream.set_nodelay(true);
    let gate = Arc::new(Gate::default());
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&gate)));
    let service = service_fn(|request| {
        let (shared, gate) = (Arc::clone(&shared), Arc::clone(&gate));
        async move { Ok::<_, Infallible>(answer(&request, &shared, gate).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .keep_alive(!shared.options.one_at_a_time)
        .auto_date_header(false)
        .serve_connection(wire, service);
    tokio::select! {
        // What goes wrong on a connection is the client's to see.
        _ = connection => {}
        () = gate.ended() => {}
    }
}

/// Answers one request.
async fn answer(request: &Request<Incoming>, shared: &Shared, gate: Arc<Gate>) -> Response<PacedBody> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    shared.with_device(|device| device.note(target));
    if let Some(expected) = &shared.options.authorization {
        let given = request.headers().get(header::AUTHORIZATION);
        if given.is_none_or(|given| given.as_bytes() != expected.as_bytes()) {
            let mut response = text(StatusCode::UNAUTHORIZED, "text/html", pages::UNAUTHORIZED);
            let realm = HeaderValue::from_static("Basic realm=\"EMU Professional II\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
            return response;
        }
    }
    if request.method() != Method::GET {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET is simulated\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    if target == "/" {
        return text(StatusCode::OK, "text/html", &shared.home());
    }
    let (log, readout, treatment) = match shared.with_device(|device| device.receive(target)) {
        Ok(received) => received,
        Err(InvalidRequest::Path) => return text(StatusCode::NOT_FOUND, "text/plain", "there is no such page\n"),
        Err(error) => return text(StatusCode::BAD_REQUEST, "text/plain", &format!("{error}\n")),
    };
    if !treatment.delay.is_zero() {
        tokio::time::sleep(treatment.delay).await;
    }
    let (status, content_type, bytes) = match &treatment.instead {
        Some(Instead::Nothing) => std::future::pending().await,
        Some(Instead::ServerError) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Bytes::from_static(b"internal error\n"))
        }
        Some(Instead::WebPage) => (StatusCode::OK, "text/html", shared.home().into()),
        Some(Instead::Redirect(_)) => (StatusCode::FOUND, "text/html", Bytes::from_static(pages::MOVED.as_bytes())),
        None => (StatusCode::OK, "text/csv", shared.with_device(|device| device.body(log, readout)).into()),
    };
    respond(status, content_type, bytes, &treatment, shared.options.body_length, gate)
}

/// Puts an answer together as the treatment and the body's length say.
fn respond(
    status: StatusCode,
    content_type: &'static str,
    bytes: Bytes,
    treatment: &Treatment,
    length: BodyLength,
    gate: Arc<Gate>,
) -> Response<PacedBody> {
    let body = PacedBody::new(bytes, treatment, length == BodyLength::Stated, gate);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if length == BodyLength::CloseDelimited {
        *response.version_mut() = Version::HTTP_10;
    }
    let content_type = treatment
        .content_type
        .as_deref()
        .and_then(|content_type| HeaderValue::from_str(content_type).ok())
        .unwrap_or(HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    if let Some(Instead::Redirect(location)) = &treatment.instead {
        let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A small answer without faults.
fn text(status: StatusCode, content_type: &'static str, text: &str) -> Response<PacedBody> {
    let mut response = Response::new(PacedBody::plain(text.as_bytes().to_vec()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
