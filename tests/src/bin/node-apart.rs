//! A node as a process that tests let die (`kill.rs`): `node-apart [point@passes] key=value…`.
#![expect(clippy::print_stdout, reason = "says where it listens, in one line")]

#[tokio::main]
async fn main() {
    volbridge_tests::kill::serve(std::env::args().skip(1), |ready| println!("{ready}")).await;
}
