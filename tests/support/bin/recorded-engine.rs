//! An engine that answers from a recording: see `support/recorded.rs`.

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    test_support::recorded::engine::main(&arguments).await;
}

#[cfg(not(target_os = "linux"))]
fn main() {}
