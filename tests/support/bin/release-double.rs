//! The double of llama.cpp's releases, to point PADDOCK_RELEASES_URL at by hand:
//!
//! ```text
//! PADDOCK_TEST_ENGINE=… cargo run -p paddock-tests --bin release-double -- [--port N]
//! ```
//!
//! It offers b20000 (works), b20001 (latest; works, slowly fetched), b20002 (dies of an illegal instruction), b20003 (a
//! wrong digest), b20004 (no digest), b20005 (loads no model but the proof's) and b20006 (a cut-off archive).
//! `--broken` makes the one that dies the latest.

#[cfg(target_os = "linux")]
#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() {
    use test_support::releases::{Asset, ReleasesDouble, Told, archives};

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = arguments
        .iter()
        .position(|argument| argument == "--port")
        .and_then(|at| arguments.get(at + 1))
        .and_then(|port| port.parse().ok())
        .unwrap_or(0);
    let double = ReleasesDouble::start_on(port).await;
    let both = |tag: &str, content: axum::body::Bytes| -> Vec<Asset> {
        vec![
            archives::cpu(tag, content.clone()),
            Asset::new(&archives::vulkan_name(tag), content),
        ]
    };
    double.publish_beside("b20000", both("b20000", archives::real("b20000")));
    let dead = archives::illegal_instruction("b20002");
    double.publish_beside("b20002", both("b20002", dead));
    let wrong = both("b20003", archives::wrapper("b20003", 0));
    let wrong = wrong.into_iter().map(|asset| asset.telling(Told::Wrong));
    double.publish_beside("b20003", wrong.collect());
    let none = both("b20004", archives::wrapper("b20004", 0));
    let none = none.into_iter().map(|asset| asset.telling(Told::Nothing));
    double.publish_beside("b20004", none.collect());
    let proof_only = archives::for_the_proof_only("b20005");
    double.publish_beside("b20005", both("b20005", proof_only));
    let whole = archives::real("b20006");
    double.publish_beside("b20006", both("b20006", whole.slice(..whole.len() / 2)));
    double.publish("b20001", both("b20001", archives::real("b20001")));
    if arguments.iter().any(|argument| argument == "--broken") {
        let dead = archives::illegal_instruction("b20007");
        double.publish("b20007", both("b20007", dead));
    }
    double.faults(|faults| faults.bytes_per_second = Some(8_000_000));
    println!("PADDOCK_RELEASES_URL={}", double.url());
    std::future::pending::<()>().await;
}

#[cfg(not(target_os = "linux"))]
fn main() {}
