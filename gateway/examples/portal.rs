//! The portal over canned data, to look at: `cargo run -p volbridge-gateway --example portal [port]`.
//! Three portals of the demonstration network on three ports.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/fake/mod.rs"]
mod fake;

#[tokio::main]
async fn main() {
    let port: u16 = std::env::args().nth(1).map_or(8090, |port| port.parse().unwrap());
    let portals: Vec<String> = (0..3).map(|at| format!("http://localhost:{}", port + at)).collect();
    let network = fake::Fake::new();
    let mut serving = Vec::new();
    for at in 0..3u16 {
        let node = network.seen_by(at.into());
        let mut config = fake::demo_config(&network, [&portals[0], &portals[1], &portals[2]]).await;
        config.public_url.clone_from(&portals[usize::from(at)]);
        let router = volbridge_gateway::router(node.client().await, config).await;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port + at)).await.unwrap();
        println!("{}", portals[usize::from(at)]);
        serving.push(volbridge_gateway::serve(listener, router, std::future::pending()));
    }
    futures::future::join_all(serving).await;
}
