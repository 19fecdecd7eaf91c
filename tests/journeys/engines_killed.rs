//! SIGKILL in the middle of an installation, wherever that is: what was current works, or the new engine does, and
//! nothing half installed is listed.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::Home;
use test_support::random::Random;
use test_support::releases::{ReleasesDouble, archives};

use super::engines::nothing_half_done;

/// Of each connection: fetching takes about a second, unpacking and proving as long.
const BYTES_PER_SECOND: usize = 4_000_000;
const LONGEST: u64 = 3_000;

async fn rounds(rounds: u32) {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", 0))],
    );
    let home = Home::with_releases(&releases);
    home.paddock(&["engine", "install"]).await.succeeded();
    releases.publish(
        "b20001",
        vec![archives::cpu("b20001", archives::real("b20001"))],
    );
    releases.faults(|faults| faults.bytes_per_second = Some(BYTES_PER_SECOND));
    let mut random = Random::from_environment(20_251_122);
    let mut finished = 0;
    for number in 1..=rounds {
        let after = Duration::from_millis(random.below(LONGEST));
        let by_host = number % 2 == 0;
        eprintln!("round {number} of {rounds}: killed after {after:?}, by the host: {by_host}");
        if by_host {
            let host = home.serve().await;
            let body = json!({"build": "latest"});
            host.control().post("/api/v1/engines/install", &body).await;
            tokio::time::sleep(after).await;
            host.kill();
        } else {
            let mut install = home.command(&["engine", "install"]).spawn().unwrap();
            tokio::time::sleep(after).await;
            let _ = install.start_kill();
            let _ = install.wait().await;
        }
        let gone = test_support::processes::wait_until_none(home.marker(), Duration::from_secs(3));
        assert!(gone.is_ok(), "{gone:#?}");
        finished += u32::from(check(&home).await);
    }
    eprintln!("{finished} of {rounds} were finished before they were killed");
    // And in peace it gets there, with what is on disk.
    home.paddock(&["engine", "install"]).await.succeeded();
    assert!(check(&home).await);
}

/// Whether the new engine is current. Whatever is listed must work.
async fn check(home: &Home) -> bool {
    let listed = home
        .paddock(&["engine", "ls", "--json"])
        .await
        .succeeded()
        .json();
    nothing_half_done(home);
    let engines = listed.as_array().unwrap();
    let current: Vec<&Value> = engines
        .iter()
        .filter(|engine| engine["current"] == true)
        .collect();
    assert_eq!(current.len(), 1, "{listed}");
    let name = current[0]["name"].as_str().unwrap().to_owned();
    assert!(
        ["b20000-cpu", "b20001-cpu"].contains(&name.as_str()),
        "{listed}"
    );
    for engine in engines {
        assert_eq!(
            (&engine["present"], &engine["state"]),
            (&json!(true), &json!("good")),
            "{engine}"
        );
        let path = engine["path"].as_str().unwrap();
        home.paddock(&["engine", "prove", path]).await.succeeded();
    }
    let is_new = name == "b20001-cpu";
    if engines.iter().any(|engine| engine["name"] == "b20001-cpu") {
        // For the next round.
        home.paddock(&["engine", "use", "b20000-cpu"])
            .await
            .succeeded();
        home.paddock(&["engine", "rm", "b20001-cpu"])
            .await
            .succeeded();
    }
    is_new
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_an_installation_leaves_one_engine_that_works() {
    rounds(5).await;
}

/// As many rounds as `PADDOCK_SOAK_ROUNDS` says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `cargo xtask soak installs`"]
async fn soak_installs() {
    rounds(test_support::soak_rounds(50)).await;
}
