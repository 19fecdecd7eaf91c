//! Loads of one model that follow each other at once.

use tokio::time::timeout;

use super::*;
use crate::schedule::model_tests::core_on_puppets;

/// The first has room and was not begun when the second, with other parameters, takes its place: who waits for the first
/// hears of it, and the second runs.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_load_that_was_replaced_is_told() {
    let (core, _puppets, _files) = core_on_puppets().await;
    let key = "local/a";
    let mut other = LoadRequest::of(key);
    other.overrides.ctx_size = Some(4_096);
    let plan = core.plan_of(&other, None).await.unwrap();
    let now = Instant::now();
    let usual = LoadRequest::of(key);
    let first = core.queue_load(&usual, Origin::User, now).await.unwrap();

    // It is given room, and nobody has begun with it yet.
    core.take_a_look();
    let second = core.queue_planned(&other, plan, Origin::User, now).unwrap();

    let told = timeout(Duration::from_secs(60), first.ready()).await;
    let told = told.expect("it would be waited for for ever");
    assert_eq!(told.err().unwrap().code(), "cancelled");
    let server = timeout(Duration::from_secs(60), second.ready()).await;
    let server = server.unwrap().unwrap();
    assert!(server.spec().args.contains(&"4096".to_owned()));
    core.shut_down().await;
}
