//! Loads of one model that follow each other at once.

use tokio::time::timeout;

use super::*;
use crate::schedule::lease::Wanted;
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

/// A client asks for the model and goes away again. The load is the user's too by then, who would read "cancelled" without
/// having cancelled anything.
#[tokio::test(start_paused = true)]
async fn a_users_load_goes_on_when_the_client_that_began_it_leaves() {
    let (core, puppets, _files) = core_on_puppets().await;
    let key = "local/a";
    // One that is busy holds all the room there is.
    core.update_settings(|settings| settings.limits.max_loaded = 1)
        .unwrap();
    let busy = core.lease(&wanted("local/b")).await.unwrap();
    let client = tokio::spawn({
        let core = core.clone();
        async move { core.lease(&wanted(key)).await.map(drop) }
    });
    sleep(Duration::from_millis(100)).await;
    let user = tokio::spawn({
        let core = core.clone();
        async move { core.load_model(&LoadRequest::of(key)).await.map(drop) }
    });
    sleep(Duration::from_millis(100)).await;
    assert!(puppets.alive(key).is_empty(), "both wait for room");
    client.abort();
    sleep(Duration::from_millis(100)).await;
    drop(busy);

    let loaded = timeout(Duration::from_secs(60), user).await.unwrap();
    loaded.unwrap().expect("nobody unloaded it");
    assert_eq!(puppets.alive(key).len(), 1);
    core.shut_down().await;
}

/// What only comes back where it costs nobody anything ends others once the user asks for it.
#[tokio::test(start_paused = true)]
async fn a_users_load_makes_room_also_where_the_same_would_only_have_come_back() {
    let (core, puppets, _files) = core_on_puppets().await;
    let key = "local/a";
    core.update_settings(|settings| settings.limits.max_loaded = 1)
        .unwrap();
    core.load_model(&LoadRequest::of("local/b")).await.unwrap();
    let plan = core.plan_of(&LoadRequest::of(key), None).await.unwrap();
    let (usual, now) = (LoadRequest::of(key), Instant::now());
    let back = Origin::Restore {
        by_user: false,
        ttl: None,
    };
    // Nobody looks in between: the user comes while it waits.
    core.queue_planned(&usual, plan.clone(), back, now).unwrap();
    let load = core.queue_planned(&usual, plan, Origin::User, now).unwrap();

    let loaded = timeout(Duration::from_secs(60), load.ready()).await;
    loaded.unwrap().expect("the idle one makes room");
    assert_eq!(puppets.alive(key).len(), 1);
    assert!(puppets.alive("local/b").is_empty());
    core.shut_down().await;
}

fn wanted(key: &str) -> Wanted<'_> {
    Wanted {
        key,
        ttl_seconds: None,
    }
}
